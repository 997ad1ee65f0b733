"""What a vendor's documents must satisfy beyond their own shape."""

from datetime import date
from typing import NamedTuple

from marketplace.errors import Refused
from vrm.documents import Capacity, MarketDescriptor, VendorProfile
from vrm.documents.place import Point
from vrm.documents.scalars import parse_date

FARTHEST_DAYS = 366
"""How far ahead a vendor may state a place's units."""


def check_profile(profile: VendorProfile, market: MarketDescriptor) -> None:
    """Refuse categories and agreements that the market does not list."""
    unknown = set(profile.categories) - {category.id for category in market.categories}
    if unknown:
        raise Refused(
            "unknown-category", f"Not a category here: {', '.join(sorted(unknown))}.", "categories"
        )
    unknown = set(profile.terms) - {agreement.id for agreement in market.terms}
    if unknown:
        raise Refused("unknown-terms", f"Not in the roster: {', '.join(sorted(unknown))}.", "terms")


class BiddingPlace(NamedTuple):
    """A place from which live bids come."""

    where: Point
    reach_m: int
    capacity: int


def check_bidding_places(profile: VendorProfile, bidding: dict[str, BiddingPlace]) -> None:
    """Refuse to drop, move, narrow or shrink a place that has live bids.

    A bid is firm, and so is where it comes from: out of the place's reach, or without units, it could not win
    any more. Until bids close, a Capacity may still say fewer units for a date.
    """
    kept = {
        place.id
        for place in profile.places
        if (now := bidding.get(place.id))
        and Point(place.lat_e6, place.lng_e6) == now.where
        and place.reach_m >= now.reach_m
        and place.capacity >= now.capacity
    }
    if changed := sorted(bidding.keys() - kept):
        detail = f"Open bids come from {', '.join(changed)}; withdraw them, or keep the place."
        raise Refused("place-has-bids", detail, "places")


def check_sequence(new: int, stored: int) -> None:
    """Refuse a document that is not newer than the one that counts."""
    if new <= stored:
        raise Refused(
            "stale-sequence", f"The stored document has seq {stored}; send a higher one.", "seq"
        )


def check_capacity_date(capacity: Capacity, today: date) -> None:
    """Refuse units for a date that is over, or too far away to mean anything."""
    date_of = parse_date(capacity.date)
    if date_of < today:
        raise Refused("day-closed", f"It is {today} in the market's zone.", "date")
    if (date_of - today).days > FARTHEST_DAYS:
        raise Refused("invalid-field", f"Name a date within {FARTHEST_DAYS} days.", "date")


def check_no_retreat(capacity: Capacity, counting: int, has_closed_bids: bool) -> None:
    """Refuse to lower units while closed bids from the place wait for their run: a bid is firm."""
    if has_closed_bids and capacity.units < counting:
        detail = (
            f"Bids from {capacity.place} are closed and wait for their run; {counting} units stand."
        )
        raise Refused("bids-closed", detail, "units")
