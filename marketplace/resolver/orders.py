"""A request's order over the bids on it.

First come the bids that the customer's Preference lists, in that order; then the others by the
policy that the request names; last comes the draw. Each policy is one line of `POLICIES`.

A block of requests is ordered by one sort of 64-bit keys, weightiest bits first:

    request | refused | listed | figure | figure | figure | position among the request's bids

where the figures are band, price and distance in the policy's order, each as wide as the block's
largest value needs. Where that is too wide for a key, prices and distances are replaced by their
ranks within the block, which compare the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .draws import settled
from .eligibility import refused
from .market import UNLISTED, Flaw, Market, Mask, Policy, size
from .packing import KEY_BITS, bits, ranks, sort_packed

Keys = NDArray[np.int64]

BAND, PRICE, DISTANCE = range(3)

POLICIES: Final = {
    Policy.BEST_NEARBY: (BAND, DISTANCE, PRICE),
    Policy.BEST_VALUE: (BAND, PRICE, DISTANCE),
    Policy.NEAREST: (DISTANCE, BAND, PRICE),
    Policy.LOWEST_PRICE: (PRICE, BAND, DISTANCE),
}
"""What a policy compares, weightiest first: band (higher is better), price and distance (lower)."""

WHOLE_KM: Final = Policy.BEST_NEARBY
"""The policy that compares distances in whole kilometres, rounded down; the others see metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Every request's order over its bids."""

    bids: NDArray[np.int32]
    """(bids): within the rows of a request its bids, eligible ones first, best first."""
    eligible: NDArray[np.int32]
    """(requests): how many of them are eligible."""
    standing: Mask
    """(requests): somebody bid in time and did not withdraw."""


def order_bids(market: Market, block: int = 1 << 15) -> Orders:
    """Order the bids of every request, `block` bids at a time (which changes only the speed)."""
    orders = Orders(
        bids=np.empty(size(market.bids), dtype=np.int32),
        eligible=np.zeros(size(market.requests), dtype=np.int32),
        standing=np.zeros(size(market.requests), dtype=np.bool_),
    )
    seams = np.searchsorted(market.first_bid, np.arange(0, size(market.bids), block))
    edges = np.unique(np.append(seams, size(market.requests))).tolist()
    for start, stop in pairwise(edges):
        _order_block(market, orders, start, stop)
    return orders


def _order_block(market: Market, orders: Orders, start: int, stop: int) -> None:
    first = market.first_bid[start : stop + 1]
    rows = slice(int(first[0]), int(first[-1]))
    if rows.start == rows.stop:
        return
    request = market.bids.request[rows] - np.int32(start)
    out = refused(market, rows)
    count = partial(np.bincount, minlength=stop - start)
    orders.eligible[start:stop] = count(request[~out])
    in_time = (market.bids.flaws[rows] & (Flaw.LATE | Flaw.WITHDRAWN)) == 0
    orders.standing[start:stop] = count(request[in_time]) > 0

    lowest = first.take(request)
    position = np.arange(rows.start, rows.stop) - lowest
    listed = _listed(market, rows) * ~out
    head = ((request.astype(np.int64) << 1) | out) << bits(listed) | listed
    figures = _figures(market, rows, out, room=KEY_BITS - bits(head) - bits(position))
    position, equal = sort_packed(head, figures, position)
    ranked = lowest + position
    equal &= ~out.take(ranked[1:] - rows.start)
    orders.bids[rows] = settled(market, ranked, equal)


def _listed(market: Market, rows: slice) -> Keys:
    """Each bid's position in the Preference; unlisted bids share the one after the last."""
    listed = market.bids.listed[rows].astype(np.int64)
    is_listed = listed != UNLISTED
    return np.where(is_listed, listed, listed.max(where=is_listed, initial=-1) + 1)


def _figures(market: Market, rows: slice, out: Mask, room: int) -> Keys:
    """Each bid's three figures as one key, in the order of its request's policy.

    Refused bids count as zero, so that no refused figure widens the key.
    """
    bids = market.bids
    policy = market.requests.policy.take(bids.request[rows])
    band = market.places.band.take(bids.place[rows])
    metres = bids.distance_m[rows]
    columns = {
        BAND: (band.max() - band) * ~out,
        PRICE: bids.price[rows] * ~out,
        DISTANCE: np.where(policy == WHOLE_KM, metres // 1000, metres) * ~out,
    }
    if sum(map(bits, columns.values())) > room:
        columns = {figure: ranks(column) for figure, column in columns.items()}
    shifts = np.zeros((len(columns), len(Policy)), dtype=np.int64)
    for code, figures in POLICIES.items():
        shift = 0
        for figure in reversed(figures):
            shifts[figure, code] = shift
            shift += bits(columns[figure])
    key = np.zeros(len(band), dtype=np.int64)
    for figure, column in columns.items():
        key |= column.astype(np.int64) << shifts[figure].take(policy)
    return key
