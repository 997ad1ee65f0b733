"""One run: from a frozen market to who gets which bid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import numpy as np

from .market import Market
from .matching import match
from .orders import Orders, order_bids
from .tables import I32, I64, U8, Flaw, Mask, size, view

VERSION: Final = 2
"""Goes up when the same inputs would give another outcome."""
BLOCK: Final = 1 << 13
"""For how many requests runners-up are looked up at a time: what that takes fits a processor's cache."""


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

    orders: Orders
    """Every request's order over its bids."""
    status: U8
    """(requests): a `Status`."""
    bid: I32
    """(requests): the bid that the request is assigned to; -1 if unfilled."""
    rank: I32
    """(requests): where in the request's order that bid stands, from 0; -1 if unfilled."""
    taken: I32
    """(places): the units that were assigned."""
    farthest_m: I32
    """(places): the distance of the farthest request that was assigned; -1 for none."""

    @property
    def led(self) -> Mask:
        """(requests): the assigned bid leads, as a newcomer's."""
        return (self.bid >= 0) & np.isin(self.bid, self.orders.leading)

    @property
    def eligible(self) -> I32:
        """(requests): how many of a request's bids are eligible."""
        return self.orders.eligible


def resolve(market: Market) -> Outcome:
    """Match every request of `market`; see `matching` for what the outcome guarantees."""
    orders = order_bids(market)
    rank = match(market, orders)
    status = np.full(len(rank), Status.CAPACITY, dtype=np.uint8)
    status[orders.eligible == 0] = Status.NONE_ELIGIBLE
    status[~orders.standing] = Status.NO_BIDS
    status[rank >= 0] = Status.ASSIGNED

    assigned = np.flatnonzero(rank >= 0)
    won = orders.bids.take(market.first_bid.take(assigned) + rank.take(assigned))
    bid = np.full(len(rank), -1, dtype=np.int32)
    bid[assigned] = won
    place = market.bids.place.take(won)
    taken = np.bincount(place, minlength=size(market.places)).astype(np.int32)
    farthest = np.full(len(taken), -1, dtype=np.int32)
    np.maximum.at(farthest, place, market.bids.distance_m.take(won))
    return Outcome(orders, status, bid, rank, taken, farthest)


def reserves(market: Market, outcome: Outcome, depth: int) -> I32:
    """(requests, depth): each assigned request's runners-up, best first; -1 where there is none.

    Runners-up are the eligible bids behind the assigned one. Those before it are no reserve:
    their places are full.
    """
    found = np.full((len(outcome.rank), depth), -1, dtype=np.int32)
    for start in range(0, len(found), BLOCK):
        _reserves_of(market, outcome, np.arange(start, min(start + BLOCK, len(found))), found)
    return found


def _reserves_of(market: Market, outcome: Outcome, requests: I64, found: I32) -> None:
    """Write down the runners-up of a few requests, which stay in a processor's cache meanwhile."""
    requests = requests[outcome.rank.take(requests) >= 0]
    first = market.first_bid.take(requests)
    at, end = first + outcome.rank.take(requests), first + outcome.eligible.take(requests)
    for step in range(found.shape[1]):
        more = np.flatnonzero(at + 1 < end)
        requests, at, end = requests.take(more), at.take(more) + 1, end.take(more)
        outcome.orders.draw_from(market, at)
        found[requests, step] = outcome.orders.bids.take(at)


def tick(
    market: Market,
    requests: I32 | I64,
    declined: I32 | I64,
    capacity: I32,
    leads: I32,
) -> tuple[Market, I64]:
    """The market of one tick of the cascade, to be given to `resolve`.

    `requests` are the displaced ones, `declined` the bids that were assigned earlier in the day
    and did not hold, both as rows of `market` in any order; `capacity` (places) is what is left
    after accepted and burnt units, `leads` (places) what is left of newcomers' quotas. All other
    figures are the frozen ones, so orders stay as they were but for who leads. Returns the market,
    and for each row of its bids the row in `market`.
    """
    displaced = np.zeros(size(market.requests), dtype=np.bool_)
    displaced[requests] = True
    rows = np.flatnonzero(displaced.take(market.bids.request))
    flaws = market.bids.flaws.copy()
    flaws[declined] |= int(Flaw.DECLINED)
    new_row = np.cumsum(displaced, dtype=np.int32) - 1
    bids = view(replace(market.bids, flaws=flaws), rows)
    return Market(
        view(market.requests, np.flatnonzero(displaced)),
        replace(market.places, capacity=capacity, leads=leads),
        replace(bids, request=new_row.take(bids.request)),
        market.seed,
        market.newcomer_share,
    ), rows
