"""A market from plain rows, for callers that have objects rather than columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .ids import raw_ids, text_ids
from .market import Market, arranged
from .resolve import Outcome, Status, reserves
from .tables import UNLISTED, Bids, Places, Policy, Requests, Table, Way, dtypes, label

POLICY_CODES: Final = {label(policy): policy for policy in Policy}
WAY_CODES: Final = {label(way): way for way in Way}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """A personal request as documents name things: `policy="best-nearby"`, `ways=("ship",)`."""

    id: bytes
    policy: str
    price: int
    fixed: bool
    currency: str
    terms: str
    ways: Sequence[str]
    radius_m: int
    only_listed: bool = False
    tries_newcomers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A vendor's place; `place` is its id within the vendor."""

    did: str
    place: str
    capacity: int
    band: int
    reach_m: int
    admitted: bool = True
    leads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BidRow:
    """A bid, by the request's id and the key of the vendor's place."""

    request: bytes
    did: str
    place: str
    price: int
    currency: str
    terms: str
    way: str
    distance_m: int
    listed: int = UNLISTED
    flaws: int = 0
    """A set of `Flaw`."""


@dataclass(frozen=True, slots=True)
class Award:
    """What became of one request, by name."""

    request: bytes
    status: Status
    vendor: str | None
    place: str | None
    rank: int | None
    """The assigned bid's place, from 0, in the request's order."""
    reserve: tuple[str, ...]
    """The runners-up's dids, best first."""


def market_from_rows(
    requests: Sequence[RequestRow],
    places: Sequence[PlaceRow],
    bids: Sequence[BidRow],
    seed: bytes,
    newcomer_share: int = 0,
) -> Market:
    """A market from rows in any order.

    Raises `ValueError` for an id of another length than 32 bytes, an unknown policy or way of
    delivery, a bid on a request or from a place that is not there, and all that `Market` refuses.
    """
    if any(len(row.id) != 32 for row in requests):
        raise ValueError("a request's id has 32 bytes")
    currency = _codes({row.currency for row in requests} | {row.currency for row in bids})
    terms = _codes({row.terms for row in requests} | {row.terms for row in bids})
    request_row = {row.id: number for number, row in enumerate(requests)}
    place_row = {(row.did, row.place): number for number, row in enumerate(places)}
    try:
        request_table = _table(
            Requests,
            requests,
            id=text_ids(
                np.frombuffer(b"".join(row.id for row in requests), np.uint8).reshape(-1, 32)
            ),
            policy=[POLICY_CODES[row.policy] for row in requests],
            currency=[currency[row.currency] for row in requests],
            terms=[terms[row.terms] for row in requests],
            ways=[sum({WAY_CODES[way] for way in row.ways}) for row in requests],
        )
        place_table = _table(
            Places,
            places,
            did=[row.did.encode("ascii") for row in places],
            place=[row.place.encode() for row in places],
        )
        bid_table = _table(
            Bids,
            bids,
            request=[request_row[row.request] for row in bids],
            place=[place_row[row.did, row.place] for row in bids],
            currency=[currency[row.currency] for row in bids],
            terms=[terms[row.terms] for row in bids],
            way=[WAY_CODES[row.way] for row in bids],
        )
    except KeyError as missing:
        raise ValueError(f"a row names {missing}, which is not there") from missing
    market, _ = arranged(request_table, place_table, bid_table, seed, newcomer_share)
    return market


def awards(market: Market, outcome: Outcome, depth: int = 3) -> list[Award]:
    """What became of every request, by name, with at most `depth` runners-up each."""
    runners_up = reserves(market, outcome, depth).tolist()
    ids = raw_ids(market.requests.id)
    return [
        Award(
            request=ids[request].tobytes(),
            status=Status(outcome.status[request]),
            vendor=_vendor(market, bid) if bid >= 0 else None,
            place=market.places.place[market.bids.place[bid]].decode() if bid >= 0 else None,
            rank=int(outcome.rank[request]) if bid >= 0 else None,
            reserve=tuple(_vendor(market, row) for row in runners_up[request] if row >= 0),
        )
        for request, bid in enumerate(outcome.bid.tolist())
    ]


def _vendor(market: Market, bid: int) -> str:
    return str(market.places.did[market.bids.place[bid]].decode())


def _codes(names: set[str]) -> dict[str, int]:
    return {name: code for code, name in enumerate(sorted(names))}


def _table(kind: type[Table], rows: Sequence[object], **coded: Any) -> Table:
    """A table of `rows`: columns are `coded` where given, else the attribute of the same name."""
    columns = {}
    for name, dtype in dtypes(kind).items():
        values = coded[name] if name in coded else [getattr(row, name) for row in rows]
        columns[name] = np.asarray(values, dtype=dtype)
    return kind(**columns)
