"""Which bids count, and why the others do not.

Every rule looks at one bid, its request and its place, and at nothing else, so the rules give
the same answer for a single request (an explanation) as for a million (a run).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .market import STRUCK_OUT, UNLISTED, Flaw, Market, Mask, Way

T = TypeVar("T", bound=np.generic)


class Refusal(IntEnum):
    """Why a bid does not count; of several reasons the first in this order is named."""

    ELIGIBLE = 0
    LATE = 1
    WITHDRAWN = 2
    DECLINED = 3
    NOT_ADMITTED = 4
    UNAUTHORISED = 5
    CURRENCY = 6
    TERMS = 7
    PRICE = 8
    WAY = 9
    DISTANCE = 10
    STRUCK_OUT = 11
    ALTERNATIVE = 12
    NOT_LISTED = 13


def rules(market: Market, rows: slice) -> Iterator[tuple[Refusal, Mask]]:
    """Each rule with the mask of the bids in `rows` that it refuses."""
    bids, requests, places = market.bids, market.requests, market.places
    request, place = bids.request[rows], bids.place[rows]
    price, distance, listed = bids.price[rows], bids.distance_m[rows], bids.listed[rows]
    way, flaws = bids.way[rows], bids.flaws[rows]

    def asked(column: NDArray[T]) -> NDArray[T]:
        return column.take(request)

    unlisted = listed == UNLISTED
    limit = asked(requests.price)
    reach = np.where(way == Way.PICKUP, asked(requests.radius_m), places.reach_m.take(place))
    yield Refusal.LATE, (flaws & Flaw.LATE) != 0
    yield Refusal.WITHDRAWN, (flaws & Flaw.WITHDRAWN) != 0
    yield Refusal.DECLINED, (flaws & Flaw.DECLINED) != 0
    yield Refusal.NOT_ADMITTED, ~places.admitted.take(place)
    yield Refusal.UNAUTHORISED, (flaws & Flaw.UNAUTHORISED) != 0
    yield Refusal.CURRENCY, bids.currency[rows] != asked(requests.currency)
    yield Refusal.TERMS, bids.terms[rows] != asked(requests.terms)
    yield Refusal.PRICE, (price > limit) | (asked(requests.fixed) & (price != limit))
    yield Refusal.WAY, (way & asked(requests.ways)) == 0
    yield Refusal.DISTANCE, distance > reach
    yield Refusal.STRUCK_OUT, listed == STRUCK_OUT
    yield Refusal.ALTERNATIVE, ((flaws & Flaw.ALTERNATIVE) != 0) & unlisted
    yield Refusal.NOT_LISTED, asked(requests.only_listed) & unlisted


def refused(market: Market, rows: slice) -> Mask:
    """Mask of the bids in `rows` that do not count."""
    verdict = np.zeros(rows.stop - rows.start, dtype=np.bool_)
    for _, mask in rules(market, rows):
        verdict |= mask
    return verdict


def refusals(market: Market, rows: slice) -> NDArray[np.uint8]:
    """The `Refusal` of each bid in `rows`."""
    reasons = np.zeros(rows.stop - rows.start, dtype=np.uint8)
    for reason, mask in rules(market, rows):
        reasons[mask & (reasons == Refusal.ELIGIBLE)] = reason
    return reasons
