"""Pure decisions about runs: what pins a run's inputs and outcome, and what a decision says as a document."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

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


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What the resolver found of a run, for its report."""

    requests: int
    bids: int
    assigned: int
    unfilled: dict[UnfilledReason, int]
    inputs: str
    outcome: str


def inputs_digest(
    requests: Sequence[str], bids: Sequence[str], places: Sequence[FrozenPlace]
) -> str:
    """The digest that pins what a run decided from.

    SHA-256 (base64url) of the canonical JSON of ``{"bids", "places", "requests"}``: the digests of the live
    bids in order of (request, vendor); the places in order of (vendor, place) as lists
    ``[vendor, place, profile, lat_e6, lng_e6, reach_m, units, band, suspended]``; the digests of the requests
    in order. All three come in that order.
    """
    value: dict[str, object] = {
        "bids": list(bids),
        "places": [list(place) for place in places],
        "requests": list(requests),
    }
    return _digest(value)


def outcome_digest(
    awards: Iterable[tuple[str, str, int, int, str]], unfilled: Iterable[tuple[str, str]]
) -> str:
    """The digest that pins what a run decided.

    SHA-256 (base64url) of the canonical JSON of ``{"awards", "unfilled"}``: lists
    ``[request, bid, rank, eligible, reserve]``, where the reserve is the digests of the runners-up joined to
    one text, and pairs ``[request, reason]``, both in order of requests. What else an assignment says
    follows from its bid. All come in that order.
    """
    value: dict[str, object] = {
        "awards": [list(award) for award in awards],
        "unfilled": [list(pair) for pair in unfilled],
    }
    return _digest(value)


def units_left(stated: int, awarded: int) -> int:
    """The units that a place still has on a date after the date's earlier runs."""
    return max(0, stated - awarded)


def _digest(value: dict[str, object]) -> str:
    return crypto.base64url_encode(hashlib.sha256(canonical(value)).digest())
