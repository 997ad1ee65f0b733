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

from .draws import draws_of, settle
from .market import Market
from .orders import Orders
from .packing import KEY_BITS, bits
from .tables import I32, I64, U8, size

FAR: Final = np.iinfo(np.int32).max


def match(market: Market, orders: Orders) -> I32:
    """Each request's rank, from 0, of the bid that it gets in its own order; -1 for none."""
    first = market.first_bid[:-1]
    proposal, end = first.copy(), first + orders.eligible
    doors = Doors(market)
    free = np.flatnonzero(orders.eligible)
    while len(free):
        next_in_order = proposal.take(free)
        orders.draw_from(market, next_in_order)
        turned_away = doors.knock(free, orders.bids.take(next_in_order))
        turned_away.sort()  # changes nothing but that memory is read forwards
        following = proposal.take(turned_away) + 1
        proposal[turned_away] = following
        free = turned_away.take(np.flatnonzero(following < end.take(turned_away)))
    return np.where(proposal < end, proposal - first, -1).astype(np.int32)


class Doors:
    """What each place holds while proposals are made.

    A request that proposes to a place is one 64-bit key, `place | distance | request`, so that
    sorting keys puts those at one door side by side, nearest first.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._request_bits = (size(market.requests) - 1).bit_length()
        self._distance_bits = bits(market.bids.distance_m)
        if self._request_bits + self._distance_bits + size(market.places).bit_length() > KEY_BITS:
            raise ValueError("the market is too large: requests, metres and places fill 63 bits")
        self._bid = np.empty(size(market.requests), dtype=np.int32)
        self._room = market.places.capacity.astype(np.int64)
        if self._room.sum() > size(market.bids):
            # A place never holds more than the bids it made, however much it could.
            self._room = np.minimum(self._room, _bids_per_place(market))
        self._taken = np.zeros(len(self._room), dtype=np.int64)
        self._first_slot = np.cumsum(self._room) - self._room
        self._slots = np.empty(self._room.sum(), dtype=np.int64)
        # Beyond this nobody gets in; it shrinks as a full place trades up.
        self._farthest = np.where(self._room > 0, FAR, -1)

    def knock(self, requests: I64, bids: I32) -> I64:
        """Let requests propose to one bid each; returns all that are turned away by that."""
        self._bid[requests] = bids
        place = self._market.bids.place.take(bids)
        distance = self._market.bids.distance_m.take(bids)
        is_near = distance <= self._farthest.take(place)
        near, beyond = np.flatnonzero(is_near), np.flatnonzero(~is_near)
        place = place.take(near)
        keys = place.astype(np.int64)
        keys <<= self._distance_bits
        keys |= distance.take(near)
        keys <<= self._request_bits
        keys |= requests.take(near)
        return np.concatenate((requests.take(beyond), self._compete(keys, place)))

    def _compete(self, keys: I64, place: I32) -> I64:
        """Let keys compete with those that their places hold; returns the losing requests."""
        count = np.bincount(place, minlength=len(self._room))
        doors = np.flatnonzero(count > 0)
        first_slot = self._first_slot.take(doors)
        held, room = self._taken.take(doors), self._room.take(doors)
        keys = np.concatenate((keys, self._slots.take(_spans(first_slot, held))))
        keys.sort()

        count = count.take(doors) + held
        first = np.cumsum(count) - count
        stay = np.minimum(count, room)
        last = first + stay - 1
        settle(keys, self._ties_across(keys, last.take(np.flatnonzero(count > room))), self._draws)
        self._slots[_spans(first_slot, stay)] = keys.take(_spans(first, stay))
        self._taken[doors] = stay
        full = np.flatnonzero(stay == room)
        self._farthest[doors.take(full)] = self._distance(keys.take(last.take(full)))
        return self._request(keys.take(_spans(first + stay, count - stay)))

    def _ties_across(self, keys: I64, last: I64) -> I64:
        """Which keys equal the next one but for the request, in runs that go on beyond a `last`."""
        level = keys >> self._request_bits
        ties = np.flatnonzero(level[1:] == level[:-1])
        run = np.cumsum(np.diff(ties, prepend=-2) != 1)
        cut = run[np.isin(ties, last, assume_unique=True)]
        return ties[np.isin(run, cut)]

    def _request(self, keys: I64) -> I64:
        return keys & ((1 << self._request_bits) - 1)

    def _distance(self, keys: I64) -> I64:
        return keys >> self._request_bits & ((1 << self._distance_bits) - 1)

    def _draws(self, keys: I64) -> U8:
        return draws_of(self._market, self._bid.take(self._request(keys)))


def _spans(first: I64, count: I64) -> I64:
    """`count[i]` numbers from `first[i]` upwards, for each i in turn."""
    skipped = np.cumsum(count) - count
    return np.repeat(first - skipped, count) + np.arange(count.sum())


def _bids_per_place(market: Market, block: int = 1 << 18) -> I64:
    place, places = market.bids.place, size(market.places)
    count = np.zeros(places, dtype=np.int64)
    for start in range(0, len(place), block):
        count += np.bincount(place[start : start + block], minlength=places)
    return count
