"""Pure decisions about runs: what pins a run's inputs and outcome, and what a decision says as a document."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import crypto
from crypto.canonical import canonical
from marketplace.resolver import Status
from vrm.documents.scalars import UnfilledReason

REASONS: dict[Status, UnfilledReason] = {
    Status.NO_BIDS: "no-bids",
    Status.NONE_ELIGIBLE: "none-eligible",
    Status.CAPACITY: "capacity",
}


class FrozenPlace(NamedTuple):
    """A place as a run froze it; distances in metres."""

    vendor: str
    place: str
    profile: str
    lat_e6: int
    lng_e6: int
    reach_m: int
    units: int
    band: int
    suspended: bool


def inputs_digest(
    requests: Iterable[str], bids: Iterable[str], places: Iterable[FrozenPlace]
) -> str:
    """The digest that pins what a run decided from.

    SHA-256 (base64url) of the canonical JSON of ``{"bids", "places", "requests"}``: the digests of the requests
    and of the live bids, each sorted, and the places in order of (vendor, place) as lists
    ``[vendor, place, profile, lat_e6, lng_e6, reach_m, units, band, suspended]``.
    """
    value: dict[str, object] = {
        "bids": sorted(bids),
        "places": [list(place) for place in sorted(places)],
        "requests": sorted(requests),
    }
    return _digest(value)


def outcome_digest(assignments: Iterable[str], unfilled: Iterable[tuple[str, str]]) -> str:
    """The digest that pins what a run decided.

    SHA-256 (base64url) of the canonical JSON of ``{"assignments", "unfilled"}``: the digests of the
    assignments sorted, and the pairs ``[request, reason]`` in order of requests.
    """
    value: dict[str, object] = {
        "assignments": sorted(assignments),
        "unfilled": [list(pair) for pair in sorted(unfilled)],
    }
    return _digest(value)


def units_left(stated: int, awarded: int) -> int:
    """The units that a place still has on a date after the date's earlier runs."""
    return max(0, stated - awarded)


def _digest(value: dict[str, object]) -> str:
    return crypto.base64url_encode(hashlib.sha256(canonical(value)).digest())
