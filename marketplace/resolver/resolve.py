"""One run: from a frozen market to who gets which bid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from .market import Market
from .matching import match
from .orders import order_bids
from .tables import Flaw, size, view


class Status(IntEnum):
    """What became of a request."""

    ASSIGNED = 0
    NO_BIDS = 1
    """Nobody bid in time, or all withdrew."""
    NONE_ELIGIBLE = 2
    """Every bid was refused."""
    CAPACITY = 3
    """Every eligible bid came from a place that was full."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The decisions of a run, by rows of its market."""

    order: NDArray[np.int32]
    """(bids): within the rows of a request its bids, eligible ones first, best first."""
    eligible: NDArray[np.int32]
    """(requests): how many of a request's bids are eligible."""
    rank: NDArray[np.int32]
    """(requests): where in the request's order its bid stands, from 0; -1 if unfilled."""
    bid: NDArray[np.int32]
    """(requests): the bid that the request is assigned to; -1 if unfilled."""
    status: NDArray[np.uint8]
    """(requests): a `Status`."""
    taken: NDArray[np.int32]
    """(places): the units that were assigned."""
    farthest_m: NDArray[np.int32]
    """(places): the distance of the farthest request that was assigned; -1 for none."""


def resolve(market: Market) -> Outcome:
    """Match every request of `market`; see `matching` for what the outcome guarantees."""
    orders = order_bids(market)
    rank = match(market, orders)
    first, is_assigned = market.first_bid[:-1], rank >= 0

    bid = np.full(len(rank), -1, dtype=np.int32)
    bid[is_assigned] = orders.bids.take((first + rank)[is_assigned])
    status = np.full(len(rank), Status.CAPACITY, dtype=np.uint8)
    status[orders.eligible == 0] = Status.NONE_ELIGIBLE
    status[~orders.standing] = Status.NO_BIDS
    status[is_assigned] = Status.ASSIGNED

    place = market.bids.place.take(bid[is_assigned])
    farthest = np.full(size(market.places), -1, dtype=np.int32)
    np.maximum.at(farthest, place, market.bids.distance_m.take(bid[is_assigned]))
    taken = np.bincount(place, minlength=len(farthest)).astype(np.int32)
    return Outcome(orders.bids, orders.eligible, rank, bid, status, taken, farthest)


def reserves(market: Market, outcome: Outcome, depth: int) -> NDArray[np.int32]:
    """(requests, depth): each assigned request's runners-up, best first; -1 where there is none.

    Runners-up are the eligible bids behind the assigned one. Those before it are no reserve:
    their places are full.
    """
    last = (market.first_bid[:-1] + outcome.eligible)[:, None]
    at = (market.first_bid[:-1] + outcome.rank)[:, None] + np.arange(1, depth + 1)
    exists = (outcome.rank >= 0)[:, None] & (at < last)
    rows = np.full(exists.shape, -1, dtype=np.int32)
    rows[exists] = outcome.order.take(at[exists])
    return rows


def tick(
    market: Market,
    requests: NDArray[np.integer],
    declined: NDArray[np.integer],
    capacity: NDArray[np.int32],
) -> tuple[Market, NDArray[np.int64]]:
    """The market of one tick of the cascade, to be given to `resolve`.

    `requests` are the displaced ones, `declined` the bids that were assigned earlier in the day
    and did not hold, both as rows of `market` in any order; `capacity` (places) is what is left
    after accepted and burnt units. All other figures are the frozen ones, so orders stay as
    they were. Returns the market, and for each row of its bids the row in `market`.
    """
    displaced = np.zeros(size(market.requests), dtype=np.bool_)
    displaced[requests] = True
    rows = np.flatnonzero(displaced.take(market.bids.request))
    flaws = market.bids.flaws.copy()
    flaws[declined] |= Flaw.DECLINED
    new_row = np.cumsum(displaced, dtype=np.int32) - 1
    bids = view(replace(market.bids, flaws=flaws), rows)
    return Market(
        view(market.requests, np.flatnonzero(displaced)),
        replace(market.places, capacity=capacity),
        replace(bids, request=new_row.take(bids.request)),
        market.seed,
    ), rows
