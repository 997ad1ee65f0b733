"""What a bid must satisfy: pure, and in the order in which a vendor would want to hear it."""

from dataclasses import dataclass

from marketplace.errors import Refused
from vrm.documents import Bid, MarketDescriptor
from vrm.documents.place import Point, distance_m


@dataclass(frozen=True, slots=True)
class BidRequest:
    """The request that a bid names, as far as the rules look at it."""

    digest: str
    withdrawn: bool
    hidden: bool
    resolved: bool
    bids_close: int
    price_kind: str
    amount: int
    currency: str
    centre: Point
    radius_m: int
    delivery: frozenset[str]
    terms: str
    """The digest of the terms' text."""
    item: tuple[str, str] | None
    """Principal and id of the catalogue item that it names."""


@dataclass(frozen=True, slots=True)
class BidPlace:
    """A place of the bidding vendor."""

    number: int
    where: Point
    reach_m: int


@dataclass(frozen=True, slots=True)
class Bidder:
    """The vendor that bids."""

    suspended: bool
    delivery: frozenset[str]
    places: dict[str, BidPlace]


def check_bid(
    bid: Bid,
    request: BidRequest | None,
    bidder: Bidder | None,
    sellers: frozenset[str] | None,
    market: MarketDescriptor,
    now: int,
) -> int:
    """Refuse a bid that breaks a rule; otherwise measure it.

    Args:
        sellers: the vendors that may sell the item which the request names; none: all may.

    Returns the distance from the bid's place to the centre of the request's cell, in metres.

    Raises:
        Refused: names the rule that is broken.
    """
    if bidder is None:
        raise Refused("unknown-vendor", "Register the vendor before it bids.", "vendor")
    if bidder.suspended:
        raise Refused("suspended", "This vendor is suspended.", "vendor")
    if request is None:
        raise Refused("unknown-request", "No published request has this digest.", "request")
    if request.withdrawn:
        raise Refused("request-withdrawn", "The customer has withdrawn the request.", "request")
    if request.hidden:
        raise Refused("hidden", "The operator has hidden this request.", "request")
    if request.resolved or now >= request.bids_close:
        raise Refused("bids-closed", "Bids on this request are closed.", "request")
    if sellers is not None and bid.vendor not in sellers:
        raise Refused("not-authorised", "The brand does not name you as a seller of it.", "vendor")
    _check_terms(bid, request, market)
    _check_price(bid, request)
    return _check_delivery(bid, request, bidder)


def _check_terms(bid: Bid, request: BidRequest, market: MarketDescriptor) -> None:
    asked = {(terms.id, terms.digest) for terms in market.terms if terms.digest == request.terms}
    if (bid.terms.id, bid.terms.digest) not in asked:
        raise Refused("terms-not-accepted", "The bid must accept the request's own terms.", "terms")


def _check_price(bid: Bid, request: BidRequest) -> None:
    price = bid.price
    if price.currency != request.currency:
        raise Refused(
            "currency-mismatch", f"The request is in {request.currency}.", "price.currency"
        )
    if request.price_kind == "fixed" and price.amount != request.amount:
        raise Refused("off-fixed-price", f"The fixed price is {request.amount}.", "price.amount")
    if price.amount > request.amount:
        raise Refused("over-ceiling", f"The ceiling is {request.amount}.", "price.amount")


def _check_delivery(bid: Bid, request: BidRequest, bidder: Bidder) -> int:
    place = bidder.places.get(bid.place)
    if place is None:
        raise Refused("unknown-place", f"The vendor's profile has no place {bid.place}.", "place")
    if bid.delivery not in request.delivery:
        offered = ", ".join(sorted(request.delivery))
        raise Refused("delivery-not-offered", f"The customer takes {offered}.", "delivery")
    if bid.delivery not in bidder.delivery:
        raise Refused(
            "delivery-not-offered", "The vendor's profile does not offer that.", "delivery"
        )
    distance = distance_m(place.where, request.centre)
    limit = request.radius_m if bid.delivery == "pickup" else place.reach_m
    if distance > limit:
        detail = f"The place is {distance} m away; {limit} m is the limit."
        raise Refused("out-of-reach", detail, "place")
    return distance
