"""Which bids count, and why the others do not.

Every rule looks at one bid, its request and its place, and at nothing else, so the rules give
the same answer for a single request (an explanation) as for a million (a run).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .market import Block
from .tables import STRUCK_OUT, U8, UNLISTED, Cell, Flaw, Mask, Way, size


class Refusal(IntEnum):
    """Why a bid does not count; of several reasons the first in this order is named."""

    ELIGIBLE = 0
    LATE = 1
    WITHDRAWN = 2
    DECLINED = 3
    UNAUTHORISED = 4
    NOT_ADMITTED = 5
    CURRENCY = 6
    TERMS = 7
    PRICE = 8
    WAY = 9
    RADIUS = 10
    REACH = 11
    STRUCK_OUT = 12
    NOT_LISTED = 13
    ALTERNATIVE = 14


BY_PREFERENCE: Final = (Refusal.STRUCK_OUT, Refusal.NOT_LISTED, Refusal.ALTERNATIVE)
"""The refusals that another Preference could undo."""

FLAWED: Final = {
    Refusal.LATE: Flaw.LATE,
    Refusal.WITHDRAWN: Flaw.WITHDRAWN,
    Refusal.DECLINED: Flaw.DECLINED,
    Refusal.UNAUTHORISED: Flaw.UNAUTHORISED,
}


def rules(block: Block) -> Iterator[tuple[Refusal, Mask]]:
    """Each rule with the mask of the block's bids that it refuses."""
    bids, requests, places = block.bids, block.requests, block.market.places

    def asked(column: NDArray[Cell]) -> NDArray[Cell]:
        """What each bid's request asks; one value for all where the requests agree."""
        return column[:1] if (column == column[0]).all() else block.spread(column)

    is_flawed, unlisted = bool(bids.flaws.any()), bids.listed == UNLISTED
    if is_flawed:
        for reason, flaw in FLAWED.items():
            yield reason, (bids.flaws & int(flaw)) != 0
    yield Refusal.NOT_ADMITTED, ~places.admitted.take(bids.place)
    yield Refusal.CURRENCY, bids.currency != asked(requests.currency)
    yield Refusal.TERMS, bids.terms != asked(requests.terms)
    limit = asked(requests.price)
    is_off = asked(requests.fixed) & (bids.price != limit)
    yield Refusal.PRICE, (bids.price > limit) | is_off
    yield Refusal.WAY, (bids.way & asked(requests.ways)) == 0
    is_pickup = bids.way == int(Way.PICKUP)
    yield Refusal.RADIUS, is_pickup & (bids.distance_m > asked(requests.radius_m))
    yield Refusal.REACH, ~is_pickup & (bids.distance_m > places.reach_m.take(bids.place))
    yield Refusal.STRUCK_OUT, bids.listed == STRUCK_OUT
    yield Refusal.NOT_LISTED, asked(requests.only_listed) & unlisted
    if is_flawed:
        yield Refusal.ALTERNATIVE, ((bids.flaws & int(Flaw.ALTERNATIVE)) != 0) & unlisted


def refused(block: Block, *, whatever_preferred: bool = False) -> Mask:
    """Mask of the block's bids that do not count, or would not whatever the Preferences said."""
    verdict = np.zeros(size(block.bids), dtype=np.bool_)
    for reason, mask in rules(block):
        if not (whatever_preferred and reason in BY_PREFERENCE):
            verdict |= mask
    return verdict


def refusals(block: Block) -> U8:
    """The `Refusal` of each of the block's bids."""
    reasons = np.zeros(size(block.bids), dtype=np.uint8)
    for reason, mask in rules(block):
        reasons[mask & (reasons == Refusal.ELIGIBLE)] = reason
    return reasons
