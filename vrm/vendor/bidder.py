"""Whether to bid on a request, and with which terms: a pure decision, explained in words.

`decide` goes in steps and stops at the first that fails; its code and sentence tell which:

1. ``not-authorised``: the request is for a brand's item, and the brand lets the vendor sell it;
2. ``terms``: the customer's privacy terms are among the accepted, with the text of the market's roster,
   which is still the one that the vendor accepted;
3. ``no-stock``: the stock holds what the need asks for (`matching`);
4. ``sold-out``: enough units stand neither in won nor in open bids;
5. ``too-late``: assignment and lead time end before the customer needs it;
6. ``delivery``: a way of delivery suits both sides;
7. ``too-far``: a place with the article is near enough for that way;
8. ``price``: the price is at least the vendor's own minimum.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from vrm.documents import (
    AskingPrice,
    BidPrice,
    MarketDescriptor,
    PersonalRequest,
    Place,
    PricePart,
    VendorProfile,
)
from vrm.documents.place import Point, centre_of, distance_m
from vrm.documents.scalars import DeliveryWay, parse_instant
from vrm.money import format_amount
from vrm.vendor.matching import Match, find
from vrm.vendor.rules import Rule, Rules
from vrm.vendor.stock import Stock, StockItem, StockKey

Obstacle = Literal[
    "not-authorised", "terms", "no-stock", "sold-out", "delivery", "too-late", "too-far", "price"
]


class Commitment(NamedTuple):
    """Units of one stock row that are promised: in open bids, and in won ones since the stock was taken."""

    open: int = 0
    won: int = 0


@dataclass(frozen=True)
class Desk:
    """All that a vendor decides from."""

    market: MarketDescriptor
    profile: VendorProfile
    stock: Stock
    rules: Rules
    agreed: Mapping[str, str]
    """The digest of each agreement's text as the vendor accepted it."""


@dataclass(frozen=True)
class Opening:
    """A request on the board, and the instant of the run that will decide it."""

    digest: str
    request: PersonalRequest
    decided_at: str
    may_sell: bool = True
    """Whether the brand whose item it names, if it names one, lets the vendor sell it."""


@dataclass(frozen=True)
class Offer:
    """The terms of a bid to make. ``amount`` is the all-in price in minor units."""

    item: StockItem
    place: Place
    delivery: DeliveryWay
    amount: int
    charge: int
    lead_time_hours: int
    distance_m: int
    because: str

    def price(self, currency: str) -> BidPrice:
        """Write the price as it stands in the bid, the delivery charge itemised where there is one."""
        if not self.charge:
            return BidPrice(amount=self.amount, currency=currency)
        goods = PricePart(label="goods", amount=self.amount - self.charge)
        delivery = PricePart(label=f"delivery ({self.delivery})", amount=self.charge)
        return BidPrice(amount=self.amount, currency=currency, parts=(goods, delivery))


@dataclass(frozen=True)
class NoOffer:
    """Why no bid is made."""

    obstacle: Obstacle
    because: str


def decide(
    opening: Opening, desk: Desk, committed: Mapping[StockKey, Commitment]
) -> Offer | NoOffer:
    """Decide on one request, given what earlier bids hold back."""
    if not opening.may_sell:
        return NoOffer("not-authorised", "the brand whose item it is does not name you as a seller")
    rule = desk.rules.for_category(opening.request.need.category)
    matches = _available(opening, desk, rule, committed)
    if isinstance(matches, NoOffer):
        return matches
    options = _within_reach(opening.request, desk.profile, rule, matches)
    if isinstance(options, NoOffer):
        return options
    offers = [o for option in options if (o := _offer(option, opening.request, rule, desk))]
    if not offers:
        return NoOffer("price", _too_dear(options, opening.request, rule, desk))
    return min(offers, key=lambda o: (o.amount, o.distance_m, rule.delivery.index(o.delivery)))


def free_units(item: StockItem, rule: Rule, committed: Mapping[StockKey, Commitment]) -> int:
    """Tell how many units may still be offered.

    Won units are gone; open bids may hold ``overcommit_percent`` of what is left, rounded down.
    """
    promised = committed.get(item.key, Commitment())
    left = max(0, item.quantity - promised.won)
    return left * rule.overcommit_percent // 100 - promised.open


def least_amount(item: StockItem, quantity: int, charge: int, rule: Rule) -> int:
    """Tell the vendor's own minimum for a whole order, in minor units, rounded up."""
    if item.cost is None:
        per_unit = -(-item.price * (100 - rule.discount_percent) // 100)
    else:
        per_unit = -(-item.cost * (100 + rule.margin_percent) // 100)
    return max(per_unit * quantity + charge, rule.minimum_amount, 1)


def price_for(asking: AskingPrice, list_amount: int, least: int, rule: Rule) -> int | None:
    """Tell the price to bid, or None where the customer's is under the vendor's minimum.

    A fixed price is taken as it is. Under a ceiling: the list price or the undercut ceiling, whichever the
    strategy says, never over list price or ceiling and never under the minimum.
    """
    if asking.amount < least:
        return None
    if asking.kind == "fixed":
        return asking.amount
    percent = 100 - rule.undercut_percent if rule.strategy == "undercut" else 100
    return max(least, min(list_amount, asking.amount * percent // 100))


class _Option(NamedTuple):
    match: Match
    place: Place
    way: DeliveryWay
    distance_m: int


def _available(
    opening: Opening, desk: Desk, rule: Rule, committed: Mapping[StockKey, Commitment]
) -> list[Match] | NoOffer:
    """Find what could be promised in time, wherever it is."""
    request = opening.request
    if fault := _terms_fault(request, desk, rule):
        return NoOffer("terms", fault)
    matches = find(request.need, desk.stock)
    if not matches:
        return NoOffer("no-stock", f"nothing in stock is “{request.need.title}” as asked for")
    enough = [m for m in matches if free_units(m.item, rule, committed) >= request.need.quantity]
    if not enough:
        return NoOffer("sold-out", _sold_out(matches[0].item, request, rule, committed))
    if fault := _lateness(opening, rule):
        return NoOffer("too-late", fault)
    return enough


def _within_reach(
    request: PersonalRequest, profile: VendorProfile, rule: Rule, matches: list[Match]
) -> list[_Option] | NoOffer:
    """Find from which places and in which ways the articles can get to the customer."""
    ways = [w for w in rule.delivery if w in request.delivery and w in profile.delivery]
    if not ways:
        asked = ", ".join(request.delivery)
        return NoOffer("delivery", f"the customer takes {asked} only, which you do not offer here")
    options = list(_options(request, profile, matches, ways))
    if not options:
        return NoOffer("no-stock", f"{matches[0].item.title} is at no place of your profile")
    near = [option for option in options if option.distance_m <= _reach(option, request, rule)]
    return near or NoOffer("too-far", _too_far(options, request, rule))


def _options(
    request: PersonalRequest, profile: VendorProfile, matches: list[Match], ways: list[DeliveryWay]
) -> Iterator[_Option]:
    centre = centre_of(request.area.cell)
    for place in profile.places:
        distance = distance_m(centre, Point(place.lat_e6, place.lng_e6))
        for match in matches:
            if match.item.place in {"", place.id}:
                for way in ways:
                    yield _Option(match, place, way, distance)


def _reach(option: _Option, request: PersonalRequest, rule: Rule) -> int:
    """Tell how far the option may be: the customer goes to fetch, the place to bring."""
    reach = request.area.radius_m if option.way == "pickup" else option.place.reach_m
    return reach if rule.max_distance_km is None else min(reach, round(rule.max_distance_km * 1000))


def _amounts(option: _Option, quantity: int, rule: Rule) -> tuple[int, int, int]:
    """Tell delivery charge, list amount and least amount."""
    charge = rule.delivery_charge.get(option.way, 0)
    item = option.match.item
    return charge, item.price * quantity + charge, least_amount(item, quantity, charge, rule)


def _offer(option: _Option, request: PersonalRequest, rule: Rule, desk: Desk) -> Offer | None:
    charge, listed, least = _amounts(option, request.need.quantity, rule)
    amount = price_for(request.price, listed, least, rule)
    if amount is None:
        return None
    because = (
        f"{option.match.because}; {_km(option.distance_m)} from {option.place.name}, {option.way} "
        f"within {rule.lead_time_hours} h; {_money(amount, desk)} "
        + _price_words(request.price, amount, listed, desk)
    )
    return Offer(
        item=option.match.item,
        place=option.place,
        delivery=option.way,
        amount=amount,
        charge=charge if charge < amount else 0,
        lead_time_hours=rule.lead_time_hours,
        distance_m=option.distance_m,
        because=because,
    )


def _terms_fault(request: PersonalRequest, desk: Desk, rule: Rule) -> str | None:
    roster = {agreement.id: agreement.digest for agreement in desk.market.terms}
    terms = request.terms
    if terms.id not in rule.terms or terms.id not in desk.profile.terms:
        return f"the customer's terms {terms.id} are not among those you accept"
    if roster.get(terms.id) != terms.digest:
        return f"the text of {terms.id} is another than the one in the market's roster"
    if desk.agreed.get(terms.id) != terms.digest:
        return f"the text of {terms.id} is another than you accepted: read it, then register again"
    return None


def _lateness(opening: Opening, rule: Rule) -> str | None:
    needed_by = opening.request.needed_by
    if not needed_by:
        return None
    lead_time = timedelta(hours=rule.lead_time_hours)
    if parse_instant(opening.decided_at) + lead_time <= parse_instant(needed_by):
        return None
    return (
        f"needed by {needed_by}, but decided at {opening.decided_at} "
        f"plus {rule.lead_time_hours} h lead time is later"
    )


def _sold_out(
    item: StockItem,
    request: PersonalRequest,
    rule: Rule,
    committed: Mapping[StockKey, Commitment],
) -> str:
    promised = committed.get(item.key, Commitment())
    free = max(0, free_units(item, rule, committed))
    return (
        f"{item.title}: {request.need.quantity} asked for, {free} free of {item.quantity} "
        f"({promised.open} in open bids, {promised.won} won)"
    )


def _too_far(options: list[_Option], request: PersonalRequest, rule: Rule) -> str:
    nearest = min(options, key=lambda o: o.distance_m - _reach(o, request, rule))
    reach = _reach(nearest, request, rule)
    return (
        f"{nearest.place.name} is {_km(nearest.distance_m)} away, over the {_km(reach)} "
        f"for {nearest.way}"
    )


def _too_dear(near: list[_Option], request: PersonalRequest, rule: Rule, desk: Desk) -> str:
    least = min(_amounts(option, request.need.quantity, rule)[2] for option in near)
    kind = "the fixed price" if request.price.kind == "fixed" else "the ceiling"
    return (
        f"{kind} {_money(request.price.amount, desk)} is under your minimum {_money(least, desk)}"
    )


def _price_words(asking: AskingPrice, amount: int, listed: int, desk: Desk) -> str:
    if asking.kind == "fixed":
        return "as fixed by the customer"
    if amount == listed:
        return "is the list price"
    return f"under the ceiling {_money(asking.amount, desk)} (list price {_money(listed, desk)})"


def _money(amount: int, desk: Desk) -> str:
    return format_amount(amount, desk.market.currency)


def _km(metres: int) -> str:
    return f"{metres / 1000:.1f} km"
