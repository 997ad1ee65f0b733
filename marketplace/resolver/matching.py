"""Customer-proposing deferred acceptance (Gale and Shapley 1962), hospitals/residents form.

Every request proposes to the bids on it in its order. A place holds, of all that ever proposed
to it, as many as it has units: the nearest, and between equally near ones those that the draw
favours. Whoever is not held proposes to its next bid. When nobody is left to propose, what is
held is the one matching that is stable and, among the stable ones, best for every request.
Who proposes when makes no difference to it, so each round makes all proposals that are due.

No place's order over requests is ever written down: a round sorts only those who knock at the
same door, and draws only where the last unit lies between equals.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .draws import settled
from .market import Market, size
from .orders import Orders
from .packing import sort_packed

Rows = NDArray[np.int64]

FAR: Final = np.iinfo(np.int32).max


def match(market: Market, orders: Orders) -> NDArray[np.int32]:
    """Each request's rank, from 0, of the bid that it gets in its own order; -1 for none."""
    bids = market.bids
    first = market.first_bid[:-1]
    end = first + orders.eligible
    proposal = first.copy()
    doors = Doors(market)
    free = np.flatnonzero(orders.eligible)
    while len(free):
        knocking = orders.bids.take(proposal.take(free))
        beyond = bids.distance_m.take(knocking) > doors.farthest.take(bids.place.take(knocking))
        turned_away = doors.hold(knocking[~beyond])
        free = np.concatenate((free[beyond], bids.request.take(turned_away)))
        proposal[free] += 1
        free = free[proposal.take(free) < end.take(free)]
    return np.where(proposal < end, proposal - first, -1).astype(np.int32)


class Doors:
    """What each place holds while proposals are made."""

    def __init__(self, market: Market):
        self._market = market
        # A place never holds more than the bids it made, however much it could.
        self._room = np.minimum(market.places.capacity, _bids_per_place(market))
        self._first = np.cumsum(self._room) - self._room
        self._held = np.empty(self._room.sum(), dtype=np.int32)
        self._taken = np.zeros(len(self._room), dtype=np.int32)
        self.farthest = np.where(self._room > 0, FAR, -1).astype(np.int32)
        """(places), metres: beyond this nothing gets in; it shrinks as a full place trades up."""

    def hold(self, knocking: NDArray[np.int32]) -> Rows:
        """Let bids compete with those that their places hold; returns the bids turned away."""
        doors = np.unique(self._market.bids.place.take(knocking))
        bids = np.concatenate((knocking, self._held.take(self._slots(doors, self._taken))))
        place = self._market.bids.place.take(bids)
        distance = self._market.bids.distance_m.take(bids)
        order, equal = sort_packed(place, distance, np.arange(len(bids)))
        bids, place, distance = bids.take(order), place.take(order), distance.take(order)

        begin = np.searchsorted(place, doors)
        count = np.diff(begin, append=len(bids))
        room = self._room.take(doors)
        last = begin + room - 1
        bids = settled(self._market, bids, _runs_across(equal, last[count > room]))

        full = count >= room
        self.farthest[doors[full]] = distance.take(last[full])
        self._taken[doors] = np.minimum(count, room)
        held = np.arange(len(bids)) <= np.repeat(last, count)
        self._held[self._slots(doors, self._taken)] = bids[held]
        return bids[~held]

    def _slots(self, doors: NDArray[np.int32], count: NDArray[np.int32]) -> Rows:
        """Where in `_held` the first `count` entries of each of `doors` are."""
        count = count.take(doors)
        skipped = np.cumsum(count) - count
        return np.repeat(self._first.take(doors) - skipped, count) + np.arange(count.sum())


def _bids_per_place(market: Market, block: int = 1 << 18) -> NDArray[np.int64]:
    place, places = market.bids.place, size(market.places)
    count = np.zeros(places, dtype=np.int64)
    for start in range(0, len(place), block):
        count += np.bincount(place[start : start + block], minlength=places)
    return count


def _runs_across(equal: NDArray[np.bool_], last: Rows) -> NDArray[np.bool_]:
    """`equal` without the runs that end where, or before, one of `last` does."""
    across = last[equal[last]]
    if not len(across):
        return np.zeros_like(equal)
    run: Rows = np.cumsum(~equal) - ~equal
    reaches = np.zeros(len(equal) + 1, dtype=np.bool_)
    reaches[run[across]] = True
    return equal & reaches[run]
