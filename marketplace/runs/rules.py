"""Pure decisions about runs: what pins a run's inputs and outcome, and what a decision says as a document."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

import crypto
from marketplace.resolver import Status
from marketplace.rowbytes import Column, Gathered, Piece, json_list
from vrm.documents import NewcomerRules
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
    leads: int
    """On how many requests its vendor may lead, as a newcomer."""


@dataclass(frozen=True, eq=False)
class Decided:
    """What a run decided, as columns in order of the requests' digests."""

    awards: dict[str, Column]
    """``request``, ``bid``, ``rank`` (from 1) and ``eligible``."""
    reserves: Gathered
    """Of each award, the digests of the runners-up, joined."""
    unfilled: dict[str, Column]
    """``request`` and ``reason``."""
    fallbacks: dict[str, Column]
    """``request`` and ``item``, the digest of the version that counted."""
    led: dict[str, Column]
    """``request`` and ``vendor`` of the awards to newcomers whose bids led."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What the resolver found of a run, for its report."""

    requests: int
    bids: int
    assigned: int
    fallback: int
    unfilled: dict[UnfilledReason, int]
    inputs: str
    outcome: str


class CountingItems(Protocol):
    """The requests that name items, in order, with the versions that count and the principals' suspensions."""

    @property
    def requests(self) -> Column: ...
    @property
    def versions(self) -> Column: ...
    @property
    def suspended(self) -> Column: ...


def inputs_digest(
    requests: Column,
    bids: Column,
    places: Sequence[FrozenPlace],
    items: CountingItems,
    preferences: Sequence[tuple[str, str]],
    newcomer_share: int,
) -> str:
    """The digest that pins what a run decided from.

    SHA-256 (base64url) of the canonical JSON of ``{"bids", "items", "newcomers", "places", "preferences",
    "requests"}``: the digests of the live bids in order of (request, vendor); ``[request, version, suspended]``
    of the requests that name items, in their order; of how many in a thousand newcomers go first; the places in
    order of (vendor, place) as lists
    ``[vendor, place, profile, lat_e6, lng_e6, reach_m, units, band, suspended, leads]``; pairs
    ``[request, preference]`` of digests in order of the requests; the digests of the requests in order. All
    of it comes in that order, bids and requests as columns of texts (``S43``).
    """
    suspended = np.where(items.suspended, b"true", b"false")
    item: list[Piece] = [b'["', items.requests, b'","', items.versions, b'",', suspended, b"]"]
    parts = chain(
        [b'{"bids":'],
        json_list(len(bids), [b'"', bids, b'"']),
        [b',"items":'],
        json_list(len(items.requests), item),
        [b',"newcomers":%d,"places":' % newcomer_share, msgspec.json.encode(places)],
        [b',"preferences":', msgspec.json.encode(preferences)],
        [b',"requests":'],
        json_list(len(requests), [b'"', requests, b'"']),
        [b"}"],
    )
    return _digest(parts)


def outcome_digest(decided: Decided) -> str:
    """The digest that pins what a run decided.

    SHA-256 (base64url) of the canonical JSON of ``{"awards", "fallbacks", "unfilled"}``: lists
    ``[request, bid, rank, eligible, reserve]``, where the reserve is the digests of the runners-up joined to
    one text; pairs ``[request, item]`` with the digest of the item's version; and pairs ``[request, reason]``,
    all in order of requests. What else an assignment says follows from its bid, what a fallback says from the
    request.
    """
    awards, fallbacks, unfilled = decided.awards, decided.fallbacks, decided.unfilled
    award: list[Piece] = [b'["', awards["request"], b'","', awards["bid"], b'",', awards["rank"]]
    award += [b",", awards["eligible"], b',"', decided.reserves, b'"]']
    shipped: list[Piece] = [b'["', fallbacks["request"], b'","', fallbacks["item"], b'"]']
    left: list[Piece] = [b'["', unfilled["request"], b'","', unfilled["reason"], b'"]']
    parts = chain(
        [b'{"awards":'],
        json_list(len(awards["request"]), award),
        [b',"fallbacks":'],
        json_list(len(fallbacks["request"]), shipped),
        [b',"unfilled":'],
        json_list(len(unfilled["request"]), left),
        [b"}"],
    )
    return _digest(parts)


def units_left(stated: int, awarded: int) -> int:
    """The units that a place still has on a date after the date's earlier runs."""
    return max(0, stated - awarded)


def leads_left(pieces: int, led: int, rules: NewcomerRules) -> int:
    """On how many more requests of an epoch a vendor may lead, as a newcomer.

    Args:
        pieces: of evidence about it.
        led: its awards of the epoch in which it did.
    """
    return max(0, rules.quota - led) if pieces < rules.evidence_below else 0


def epoch_around(local: date, rules: NewcomerRules) -> tuple[str, str]:
    """The first date of the epoch of newcomers' quotas that a date is in, and of the next."""
    first = local - timedelta(days=(local - date(1970, 1, 1)).days % rules.epoch_days)
    return first.isoformat(), (first + timedelta(days=rules.epoch_days)).isoformat()


def _digest(parts: Iterable[bytes]) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
    return crypto.base64url_encode(hashed.digest())
