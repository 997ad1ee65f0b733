"""Signed documents with sane defaults.

Each builder takes whatever knows the market's rules (a `ClockedMarket`, a `Market`), makes a document that the
market would take, and lets the test change what it is about. A member that is a part of its own is changed by
a dict:

    a_request(market, price={"amount": 900}, area={"radius_m": 5000})

Keys are arguments, since the test needs them afterwards; a request makes a pseudonym by itself.
"""

import hashlib
import secrets
from typing import Any, Protocol, TypeVar

import msgspec

import crypto
from vrm.documents import (
    AcceptedTerms,
    Answer,
    Area,
    AskingPrice,
    Bid,
    BidPrice,
    BidWithdrawal,
    Capacity,
    CatalogueItem,
    Document,
    ItemName,
    MarketDescriptor,
    Need,
    PersonalRequest,
    Place,
    Preference,
    Question,
    RequestWithdrawal,
    Signed,
    VendorProfile,
    Webhook,
    sign,
)
from vrm.documents.place import Point, cell_at, point

HERE = point(48.2082, 16.3738)
"""The middle of Vienna, where requests and vendors are unless a test moves them."""

D = TypeVar("D", bound=Document)


class HasRules(Protocol):
    """Whatever knows a market's rules."""

    @property
    def rules(self) -> MarketDescriptor: ...


def a_key(name: str | None = None) -> crypto.SigningKey:
    """A key: always the same one for a name, a fresh one without."""
    if name is None:
        return crypto.SigningKey.generate()
    return crypto.SigningKey.from_seed(hashlib.sha256(name.encode()).digest())


def a_place(place: str = "main", where: Point = HERE, **changes: Any) -> Place:
    """A vendor's place."""
    facts: dict[str, Any] = {
        "id": place,
        "name": "Innere Stadt",
        "lat_e6": where.lat_e6,
        "lng_e6": where.lng_e6,
        "reach_m": 25_000,
        "capacity": 8,
    }
    return Place(**(facts | changes))


def a_vendor(market: HasRules, key: crypto.SigningKey, **changes: Any) -> Signed[VendorProfile]:
    """A vendor's profile."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "vendor": key.did,
        "seq": 1,
        "name": "Kinderladen Beispiel",
        "places": (a_place(),),
        "categories": ("baby", "other"),
        "delivery": ("ship", "pickup", "on-site"),
        "terms": (market.rules.terms[0].id,),
    }
    return sign(VendorProfile(**_merged(facts, changes)), key)


def a_capacity(
    market: HasRules, key: crypto.SigningKey, date: str, units: int, **changes: Any
) -> Signed[Capacity]:
    """A place's units on a date."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "vendor": key.did,
        "place": "main",
        "date": date,
        "units": units,
        "seq": 1,
    }
    return sign(Capacity(**(facts | changes)), key)


def an_item(market: HasRules, key: crypto.SigningKey, /, **changes: Any) -> Signed[CatalogueItem]:
    """A brand's item, which all vendors may sell."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "principal": key.did,
        "id": "duo",
        "seq": 1,
        "title": "Twin stroller Duo 2",
        "category": "baby",
        "amount": 24_900,
        "currency": market.rules.currency.code,
        "delivery": ("ship", "pickup"),
        "terms": (market.rules.terms[0].id,),
    }
    return sign(CatalogueItem(**_merged(facts, changes)), key)


def a_request_for(
    market: HasRules,
    item: Signed[CatalogueItem],
    key: crypto.SigningKey | None = None,
    /,
    **changes: Any,
) -> Signed[PersonalRequest]:
    """A personal request that names an item, at its price."""
    body = item.body
    named: dict[str, Any] = {
        "item": ItemName(principal=body.principal, id=body.id),
        "need": Need(title=body.title, category=body.category),
        "price": AskingPrice(kind="fixed", amount=body.amount, currency=body.currency),
        "delivery": body.delivery,
    }
    return a_request(market, key, **(changes | _merged(named, changes)))


def a_request(
    market: HasRules,
    key: crypto.SigningKey | None = None,
    *,
    where: Point = HERE,
    **changes: Any,
) -> Signed[PersonalRequest]:
    """A personal request under a pseudonym, near `where`."""
    rules, pseudonym = market.rules, key or a_key()
    facts: dict[str, Any] = {
        "market": rules.market,
        "pseudonym": pseudonym.did,
        "reply_key": crypto.ReplyKey.generate().public.text,
        "need": Need(title="Twin stroller", category="baby", condition="new"),
        "price": AskingPrice(kind="ceiling", amount=25_000, currency=rules.currency.code),
        "area": Area(cell=cell_at(where, rules.cells.finest), radius_m=15_000),
        "delivery": ("pickup", "ship"),
        "terms": accepted_terms(market),
        "policy": rules.policies[0],
    }
    return sign(PersonalRequest(**_merged(facts, changes)), pseudonym)


def a_withdrawal(
    market: HasRules, key: crypto.SigningKey, request: str, **changes: Any
) -> Signed[RequestWithdrawal]:
    """The withdrawal of a request, by its digest."""
    facts = {"market": market.rules.market, "pseudonym": key.did, "request": request}
    return sign(RequestWithdrawal(**(facts | changes)), key)


def a_preference(
    market: HasRules, key: crypto.SigningKey, request: Signed[PersonalRequest], **changes: Any
) -> Signed[Preference]:
    """The owner's order over the bids on a request: none listed, unless the test lists some."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": request.digest,
        "seq": 1,
        "salt": secrets.token_urlsafe(16),
    }
    return sign(Preference(**(facts | changes)), key)


def a_question(
    market: HasRules, key: crypto.SigningKey, request: Signed[PersonalRequest], **changes: Any
) -> Signed[Question]:
    """A vendor's question about a request."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "vendor": key.did,
        "request": request.digest,
        "text": "Does it have to fit through a door of 75 cm?",
    }
    return sign(Question(**(facts | changes)), key)


def an_answer(
    market: HasRules, key: crypto.SigningKey, question: Signed[Question], **changes: Any
) -> Signed[Answer]:
    """The owner's answer to a question."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": question.body.request,
        "question": question.digest,
        "text": "Yes, it has to.",
    }
    return sign(Answer(**(facts | changes)), key)


def a_bid(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    **changes: Any,
) -> Signed[Bid]:
    """A vendor's bid on a request: its fixed price, or a little under its ceiling."""
    asked = request.body.price
    amount = asked.amount if asked.kind == "fixed" else asked.amount - asked.amount // 20
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "request": request.digest,
        "vendor": key.did,
        "place": "main",
        "price": BidPrice(amount=amount, currency=asked.currency),
        "delivery": request.body.delivery[0],
        "lead_time_hours": 24,
        "terms": request.body.terms,
        "seq": 1,
        "salt": secrets.token_urlsafe(16),
    }
    return sign(Bid(**_merged(facts, changes)), key)


def a_bid_withdrawal(
    market: HasRules, key: crypto.SigningKey, bid: str, **changes: Any
) -> Signed[BidWithdrawal]:
    """The withdrawal of a bid, by its digest."""
    facts = {"market": market.rules.market, "vendor": key.did, "bid": bid}
    return sign(BidWithdrawal(**(facts | changes)), key)


def a_webhook(market: HasRules, key: crypto.SigningKey, /, **changes: Any) -> Signed[Webhook]:
    """Where a vendor wants its events."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "vendor": key.did,
        "seq": 1,
        "url": "https://shop.test/events",
    }
    return sign(Webhook(**(facts | changes)), key)


def accepted_terms(market: HasRules) -> AcceptedTerms:
    """The first agreement of the market's roster."""
    agreement = market.rules.terms[0]
    return AcceptedTerms(id=agreement.id, digest=agreement.digest)


def forged(document: Signed[D], key: crypto.SigningKey, **changes: Any) -> bytes:
    """A document with some members changed (None removes one) and signed rightly, whatever it then says.

    It goes round the rules that `vrm.documents.sign` would hold it to.
    """
    bare = {**msgspec.json.decode(document.wire), **changes}
    kept = {name: value for name, value in bare.items() if value is not None}
    return msgspec.json.encode(crypto.proof.sign(kept, key))


def _merged(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(facts)
    for name, value in changes.items():
        part = isinstance(value, dict) and isinstance(facts.get(name), msgspec.Struct)
        merged[name] = msgspec.structs.replace(facts[name], **value) if part else value
    return merged
