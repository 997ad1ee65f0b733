"""Any valid document: one Hypothesis strategy for each type, and the key that signs what it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

import crypto
from vrm.documents import (
    Acceptance,
    AcceptedTerms,
    Answer,
    Area,
    AskingPrice,
    Assignment,
    Bid,
    BidWithdrawal,
    Capacity,
    CatalogueItem,
    Decline,
    Document,
    Fallback,
    Moderation,
    Need,
    NewcomerRules,
    PersonalRequest,
    Preference,
    Profile,
    Promise,
    Question,
    Receipt,
    Report,
    ReputationRules,
    RequestWithdrawal,
    RunReport,
    Suspension,
    TickReport,
    VendorProfile,
)
from vrm.documents.customer import CREDENTIALS_V2, UNDEFINED_TERMS
from vrm.documents.place import Point, cell_at
from vrm.documents.scalars import MAX_INTEGER, format_instant, gtin_is_valid, text_is_clean

KEY = crypto.SigningKey.from_seed(b"k" * 32)
OTHER = crypto.SigningKey.from_seed(b"o" * 32)
REPLY = crypto.ReplyKey.from_seed(b"r" * 32).public.text

REPUTATION = ReputationRules(
    bands=20,
    prior_observations=8,
    prior_margin=50,
    share_without_history=850,
    half_life_days=180,
    rater_shares={"new": 500, "known": 800, "trusted": 1000},
    own_word=25,
    epoch_days=7,
    firm_cap=2000,
    weak_floor=50,
    weak_part=25,
    directed_below=2,
    full_value_percent=90,
    full_value_minimum=20,
)

NEWCOMERS = NewcomerRules(share=100, evidence_below=12, quota=10, epoch_days=7)

WAYS = ("ship", "pickup", "on-site")
POLICIES = ("best-nearby", "best-value", "nearest", "lowest-price")


def text(most: int) -> st.SearchStrategy[str]:
    """A line of text for people, of any script."""
    shown = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    return st.text(shown, min_size=1, max_size=most).filter(
        lambda line: bool(line.strip()) and text_is_clean(line)
    )


amounts = st.integers(1, MAX_INTEGER)
seqs = st.integers(0, MAX_INTEGER)
digests = st.binary(min_size=32, max_size=32).map(crypto.base64url_encode)
slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
salts = st.binary(min_size=16, max_size=16).map(crypto.base64url_encode)
currencies = st.from_regex(r"[A-Z]{3}", fullmatch=True)
days = st.dates(datetime(2020, 1, 1, tzinfo=UTC).date(), datetime(2040, 1, 1, tzinfo=UTC).date())
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    format_instant
)
quarters = st.integers(0, 10**6).map(
    lambda n: format_instant(datetime.fromtimestamp(n * 900 + 1_700_000_100 // 900 * 900, UTC))
)
points = st.builds(
    Point, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
)
cells = st.builds(cell_at, points, st.integers(0, 15))
terms = st.fixed_dictionaries({"id": st.just("PDC-INTENT"), "digest": digests})
names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9]{0,39}", fullmatch=True)
attributes = st.dictionaries(names, text(20), max_size=4)
ways = st.lists(st.sampled_from(WAYS), min_size=1, max_size=3, unique=True)
tiers = st.sampled_from(["new", "known", "trusted"])
gtins = st.from_regex(r"[0-9]{12}", fullmatch=True).map(
    lambda body: next(f"{body}{d}" for d in range(10) if gtin_is_valid(f"{body}{d}"))
)


@dataclass(frozen=True)
class Sort:
    """A type of document, and a strategy for the members of its body."""

    kind: type[Document]
    members: st.SearchStrategy[dict[str, Any]]

    def bodies(self) -> st.SearchStrategy[Any]:
        """Valid bodies whose signer is `KEY`."""
        kind: Callable[[dict[str, Any]], Any] = lambda members: msgspec.convert(members, self.kind)  # noqa: E731
        return self.members.map(kind)


def a_sort(
    kind: type[Document],
    required: dict[str, st.SearchStrategy[Any]],
    optional: dict[str, st.SearchStrategy[Any]] | None = None,
) -> Sort:
    own: dict[str, st.SearchStrategy[Any]] = {
        "type": st.just(kind.__name__),
        "market": st.just(KEY.did),
        **required,
    }
    return Sort(kind, st.fixed_dictionaries(own, optional=optional or {}))


_need = st.fixed_dictionaries(
    {"title": text(40), "category": slugs},
    optional={
        "quantity": st.integers(1, 1_000_000),
        "unit": slugs,
        "condition": st.sampled_from(["new", "refurbished", "used", "any"]),
        "text": text(60),
        "gtin": gtins,
        "brand": text(20),
        "model": text(20),
        "attributes": attributes,
    },
)
_place = st.fixed_dictionaries(
    {
        "id": slugs,
        "name": text(20),
        "lat_e6": st.integers(-90_000_000, 90_000_000),
        "lng_e6": st.integers(-180_000_000, 180_000_000),
        "reach_m": st.integers(0, 20_100_000),
        "capacity": st.integers(0, 1_000_000),
    },
    optional={"hours": st.just("Mo-Fr 09:00-18:00")},
)
_facets = st.fixed_dictionaries(
    {"id": st.just(KEY.did)},
    optional={
        "name": text(20),
        "languages": st.lists(st.sampled_from(["en", "de-AT", "zh-Hant"]), max_size=3),
        "interests": st.lists(text(10), max_size=4),
        "sizes": attributes,
        "contact": attributes,
    },
)
_parts = st.lists(
    st.fixed_dictionaries({"label": text(10), "amount": st.integers(1, 10_000)}),
    min_size=1,
    max_size=4,
)
_price = st.one_of(
    st.fixed_dictionaries({"amount": amounts, "currency": currencies}),
    st.builds(
        lambda parts, currency: {
            "amount": sum(part["amount"] for part in parts),
            "currency": currency,
            "parts": parts,
        },
        _parts,
        currencies,
    ),
)
PROFILE = Sort(
    Profile,
    st.fixed_dictionaries(
        {
            "type": st.just(["VerifiableCredential", "Profile"]),
            "@context": st.just([CREDENTIALS_V2, UNDEFINED_TERMS]),
            "issuer": st.just(KEY.did),
            "validFrom": instants,
            "credentialSubject": _facets,
        }
    ),
)

SORTS = [
    PROFILE,
    a_sort(
        PersonalRequest,
        {
            "pseudonym": st.just(KEY.did),
            "reply_key": st.just(REPLY),
            "need": _need,
            "price": st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["fixed", "ceiling"]),
                    "amount": amounts,
                    "currency": currencies,
                }
            ),
            "area": st.fixed_dictionaries(
                {"cell": cells, "radius_m": st.integers(100, 20_100_000)}
            ),
            "delivery": ways,
            "terms": terms,
            "policy": st.sampled_from(POLICIES),
        },
        {
            "needed_by": quarters,
            "facets": attributes,
            "item": st.fixed_dictionaries({"principal": st.just(OTHER.did), "id": slugs}),
            "roll_over": st.booleans(),
            "try_newcomers": st.booleans(),
        },
    ),
    a_sort(
        Preference,
        {"pseudonym": st.just(KEY.did), "request": digests, "seq": seqs, "salt": salts},
        {
            "listed": st.lists(digests, max_size=4, unique=True),
            "only_listed": st.booleans(),
        },
    ),
    a_sort(
        Answer,
        {
            "pseudonym": st.just(KEY.did),
            "request": digests,
            "question": digests,
            "text": text(40),
        },
    ),
    a_sort(
        Report,
        {"reporter": st.just(KEY.did), "document": digests, "reason": st.just("fraud")},
        {"text": text(40)},
    ),
    a_sort(
        Moderation,
        {"document": digests, "document_type": st.just("Bid"), "seq": st.integers(1, 99)}
        | {"hidden": st.booleans(), "reason": text(40)},
    ),
    a_sort(RequestWithdrawal, {"pseudonym": st.just(KEY.did), "request": digests}),
    a_sort(
        VendorProfile,
        {
            "vendor": st.just(KEY.did),
            "seq": seqs,
            "name": text(40),
            "places": st.lists(_place, min_size=1, max_size=3, unique_by=lambda place: place["id"]),
            "categories": st.lists(slugs, min_size=1, max_size=3),
            "delivery": ways,
            "terms": st.just(["PDC-INTENT"]),
        },
        {"text": text(40), "url": st.just("https://shop.example/")},
    ),
    a_sort(
        Capacity,
        {
            "vendor": st.just(KEY.did),
            "place": slugs,
            "date": days.map(str),
            "units": st.integers(0, 1_000_000),
            "seq": seqs,
        },
    ),
    a_sort(
        Bid,
        {
            "request": digests,
            "vendor": st.just(KEY.did),
            "place": slugs,
            "price": _price,
            "delivery": st.sampled_from(WAYS),
            "lead_time_hours": st.integers(0, 8760),
            "terms": terms,
            "seq": seqs,
            "salt": salts,
        },
        {
            "text": text(40),
            "alternative": st.fixed_dictionaries({"title": text(20)}, optional={"gtin": gtins}),
            "valid_until": instants,
        },
    ),
    a_sort(Question, {"vendor": st.just(KEY.did), "request": digests, "text": text(40)}),
    a_sort(
        Acceptance,
        {"vendor": st.just(KEY.did), "assignment": digests, "message_key": st.just(REPLY)},
    ),
    a_sort(Decline, {"vendor": st.just(KEY.did), "assignment": digests}, {"reason": text(40)}),
    a_sort(
        CatalogueItem,
        {
            "principal": st.just(KEY.did),
            "id": slugs,
            "seq": seqs,
            "title": text(20),
            "category": slugs,
            "amount": amounts,
            "currency": currencies,
            "delivery": ways,
            "terms": st.just(["PDC-INTENT"]),
        },
        {"authorised": st.just([OTHER.did]), "gtin": gtins, "listed": st.booleans()},
    ),
    a_sort(BidWithdrawal, {"vendor": st.just(KEY.did), "bid": digests}),
    a_sort(
        Suspension,
        {
            "vendor": st.just(OTHER.did),
            "seq": st.integers(1, 100),
            "suspended": st.booleans(),
            "reason": text(40),
        },
    ),
    a_sort(
        Receipt,
        {
            "document": digests,
            "document_type": st.sampled_from(["Bid", "BidWithdrawal"]),
            "logged_by": instants,
        },
    ),
    a_sort(
        Promise,
        {
            "document": digests,
            "document_type": st.sampled_from(["PersonalRequest", "RequestWithdrawal"]),
            "publish_by": instants,
        },
    ),
    a_sort(
        Assignment,
        {
            "day": st.sampled_from(["2026-11-21", "2026-11-21#2", "2026-11-21#99"]),
            "tick": st.integers(0, 100),
            "accept_by": instants,
            "request": digests,
            "bid": digests,
            "vendor": st.just(OTHER.did),
            "place": slugs,
            "amount": amounts,
            "currency": currencies,
            "delivery": st.sampled_from(WAYS),
            "distance_m": st.integers(0, 20_100_000),
            "band": st.integers(0, 20),
            "rank": st.integers(1, 100),
            "eligible": st.integers(1, 100),
            "reserve": st.lists(digests, max_size=5),
        },
        {"newcomer": st.booleans()},
    ),
    a_sort(
        Fallback,
        {
            "day": st.just("2026-11-21"),
            "request": digests,
            "principal": st.just(OTHER.did),
            "item": slugs,
            "amount": amounts,
            "currency": currencies,
            "tick": st.integers(0, 100),
        },
    ),
    a_sort(
        TickReport,
        {
            "day": st.just("2026-11-21"),
            "tick": st.integers(1, 100),
            "instant": instants,
            "inputs": digests,
            "outcome": digests,
            **dict.fromkeys(
                ("declined", "timed_out", "assigned", "fallback", "unfilled"), st.integers(0, 100)
            ),
        },
    ),
    a_sort(
        RunReport,
        {
            "day": st.just("2026-11-21"),
            "cutoff": instants,
            "seed": digests,
            "log_size": st.integers(1, 10**9),
            "log_root": digests,
            "requests": st.integers(0, 10**6),
            "bids": st.integers(0, 10**6),
            "assigned": st.integers(0, 10**6),
            "fallback": st.integers(0, 10**6),
            "unfilled": st.dictionaries(
                st.sampled_from(["no-bids", "none-eligible", "capacity"]), st.integers(0, 10**6)
            ),
            "inputs": digests,
            "outcome": digests,
        },
    ),
]


def a_request(**changes: Any) -> PersonalRequest:
    """A plain request by `KEY`, with some members in place of its own."""
    members: dict[str, Any] = {
        "market": KEY.did,
        "pseudonym": KEY.did,
        "reply_key": REPLY,
        "need": Need(title="Twin stroller", category="baby"),
        "price": AskingPrice(kind="ceiling", amount=25_000, currency="USD"),
        "area": Area(cell="862664c1fffffff", radius_m=15_000),
        "delivery": ("pickup",),
        "terms": AcceptedTerms(id="PDC-INTENT", digest="A" * 43),
        "policy": "best-value",
    }
    return PersonalRequest(**(members | changes))
