"""The frozen inputs of one run, in the one order that every run uses (the *canonical order*):

* requests by id, in the order of the text;
* places by (vendor did, place id);
* bids by (request, place), so that the bids on one request are neighbours.

`Market` refuses any other order and `arranged` makes this one, so that nothing of the order in
which things arrived is left when the first decision is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .ids import TEXT
from .tables import (
    I32,
    I64,
    STRUCK_OUT,
    Bids,
    Cell,
    Places,
    Policy,
    Requests,
    dtypes,
    size,
    view,
)


@dataclass(frozen=True, eq=False)
class Market:
    """Everything that one run decides from, in canonical order.

    `seed` is the day's 32 public random bytes; of a thousand requests that allow it, `newcomer_share` try
    newcomers (see `newcomers`). Raises `ValueError` if a column has another type
    or length than its table says, a table is out of order, a bid names a row that does not
    exist, a vendor has two bids on one request, or a figure is negative.
    """

    requests: Requests
    places: Places
    bids: Bids
    seed: bytes
    newcomer_share: int = 0

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise ValueError("the seed has 32 bytes")
        if not 0 <= self.newcomer_share <= 1000:
            raise ValueError("the share of newcomers is in thousandths")
        for table in (self.requests, self.places, self.bids):
            _check_columns(table)
        _check_requests(self.requests)
        _check_places(self.places)
        _check_bids(self)

    @cached_property
    def first_bid(self) -> I64:
        """(requests + 1): the bids on request r are rows `first_bid[r]` to `first_bid[r + 1]`."""
        request, first = self.bids.request, np.zeros(size(self.requests) + 1, dtype=np.int64)
        ends = np.flatnonzero(request[1:] != request[:-1]) + 1
        first[request.take(ends - 1) + 1] = ends
        first[request[-1:] + 1] = len(request)
        return np.maximum.accumulate(first)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Neighbouring requests with all bids on them, as views into a market."""

    market: Market
    requests: Requests
    bids: Bids
    first_row: int
    """Row, in the market, of the first of `bids`."""
    counts: I64
    """(requests): how many of `bids` each has."""

    def spread(self, column: NDArray[Cell]) -> NDArray[Cell]:
        """The values of a column of `requests`, each repeated for all bids on that request."""
        return np.repeat(column, self.counts)


def block(market: Market, start: int, stop: int) -> Block:
    """The requests in rows `start` to `stop` of a market."""
    first = market.first_bid[start : stop + 1]
    requests = view(market.requests, slice(start, stop))
    bids = view(market.bids, slice(int(first[0]), int(first[-1])))
    return Block(market, requests, bids, int(first[0]), np.diff(first))


def vendors_of(places: Places) -> I32:
    """(places): the number of each one's vendor, from 0 in order of their dids."""
    vendor = np.zeros(size(places), dtype=np.int32)
    np.cumsum(places.did[1:] != places.did[:-1], out=vendor[1:])
    return vendor


def arranged(
    requests: Requests, places: Places, bids: Bids, seed: bytes, newcomer_share: int = 0
) -> tuple[Market, I64]:
    """Put tables that come in any order into canonical order.

    Returns the market, and for each row of its bids the row that it had in `bids`.
    """
    by_id = np.argsort(requests.id)
    by_did = np.lexsort((places.place, places.did))
    bids = replace(
        bids,
        request=_inverse(by_id).take(bids.request),
        place=_inverse(by_did).take(bids.place),
    )
    by_request = np.lexsort((bids.place, bids.request))
    market = Market(
        view(requests, by_id), view(places, by_did), view(bids, by_request), seed, newcomer_share
    )
    return market, by_request


def _inverse(order: I64) -> I32:
    inverse = np.empty(len(order), dtype=np.int32)
    inverse[order] = np.arange(len(order), dtype=np.int32)
    return inverse


def _check_columns(table: Requests | Places | Bids) -> None:
    for name, dtype in dtypes(type(table)).items():
        column = getattr(table, name)
        if not np.issubdtype(column.dtype, dtype.type):
            raise ValueError(f"{name} is of type {column.dtype}, not {dtype}")
        if column.shape != (size(table),):
            raise ValueError(f"{name} has shape {column.shape}, not {(size(table),)}")


def _check_requests(requests: Requests) -> None:
    ids = requests.id
    if ids.dtype.itemsize != TEXT:
        raise ValueError(f"an id has {TEXT} characters, not {ids.dtype.itemsize}")
    if not np.all(ids[:-1] < ids[1:]):
        raise ValueError("requests are not in strict order of their ids")
    if np.any(requests.policy > max(Policy)):
        raise ValueError("unknown policy")
    if np.any(requests.price < 0) or np.any(requests.radius_m < 0):
        raise ValueError("a price or radius is negative")


def _check_places(places: Places) -> None:
    same = places.did[:-1] == places.did[1:]
    rising = places.did[:-1] < places.did[1:]
    if not np.all(rising | (same & (places.place[:-1] < places.place[1:]))):
        raise ValueError("places are not in strict order of (did, place)")
    if np.any(places.capacity < 0) or np.any(places.reach_m < 0):
        raise ValueError("a capacity or reach is negative")
    if np.any(places.leads < 0) or np.any(same & (places.leads[:-1] != places.leads[1:])):
        raise ValueError("leads are negative, or not the same at all places of a vendor")


def _check_bids(market: Market, block: int = 1 << 18) -> None:
    bids, places = market.bids, market.places
    vendor = vendors_of(places)
    for start in range(0, size(bids), block):
        rows = slice(max(start - 1, 0), start + block)  # one back: neighbours across the seam
        request, place = bids.request[rows], bids.place[rows]
        if place.min() < 0 or place.max() >= len(vendor):
            raise ValueError("a bid names a place that does not exist")
        by = vendor.take(place)
        # A vendor's places are neighbours, so one comparison sees a wrong order, the same place
        # twice and two places of one vendor.
        rising = (request[1:] > request[:-1]) | ((request[1:] == request[:-1]) & (by[1:] > by[:-1]))
        if not rising.all():
            raise ValueError("bids are not in order of (request, place), one per vendor")
        if request[0] < 0 or request[-1] >= size(market.requests):
            raise ValueError("a bid names a request that does not exist")
        if bids.price[rows].min() < 0 or bids.distance_m[rows].min() < 0:
            raise ValueError("a price or distance is negative")
        if bids.listed[rows].min() < STRUCK_OUT:
            raise ValueError("listed is a position, UNLISTED or STRUCK_OUT")
