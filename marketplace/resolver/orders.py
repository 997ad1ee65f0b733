"""A request's order over the bids on it.

First come the bids that the customer's Preference lists, in that order; then those that lead, and
then the others, both by the policy that the request names; last comes the draw. Each policy is one
line of `POLICIES`.

A block of requests is ordered by one sort of 64-bit keys, weightiest bits first:

    request | refused | listed | follows | figure | figure | figure | position among the bids

where `follows` is 0 for bids that lead (it is left out of blocks without any), and the figures are
band, price and distance in the policy's order, each as wide as the block's largest value needs.
Where that is too wide for a key, prices and distances are replaced by their ranks within the block,
which compare the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np

from .draws import draws_of, settle
from .eligibility import refused
from .market import Block, Market, block
from .newcomers import leading
from .packing import KEY_BITS, Integers, bits, ranks, sort_packed
from .tables import I16, I32, I64, STRUCK_OUT, UNLISTED, Flaw, Mask, Policy, size

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
    """Every request's order over its bids.

    Equals stand side by side, not yet in the order of their draws: `draw_from` sees to that, for
    those whose turn comes. Most never matter.
    """

    bids: I32
    """(bids): within the rows of a request its bids, eligible ones first, best first."""
    is_tied: Mask
    """(bids): equals the next one, and no draw has been made between them."""
    eligible: I32
    """(requests): how many bids are eligible."""
    standing: Mask
    """(requests): somebody bid in time and did not withdraw."""
    leading: I64
    """The rows of the bids that lead; see `newcomers`."""

    def draw_from(self, market: Market, positions: I64) -> None:
        """Put the equals that begin at any of these positions in `bids` in their final order.

        Who goes through an order from its start, and calls this at each step, sees it final.
        """
        run = positions.take(np.flatnonzero(self.is_tied.take(positions)))
        ties = run
        while len(run):
            run = run[self.is_tied.take(run + 1)] + 1
            ties = np.concatenate((ties, run))
        ties.sort()
        settle(self.bids, ties, partial(draws_of, market))
        self.is_tied[ties] = False


def order_bids(market: Market, block_bids: int = 1 << 17) -> Orders:
    """Order the bids of every request, `block_bids` at a time (which changes only the speed)."""
    orders = Orders(
        bids=np.empty(size(market.bids), dtype=np.int32),
        is_tied=np.zeros(size(market.bids) + 1, dtype=np.bool_),
        eligible=np.zeros(size(market.requests), dtype=np.int32),
        standing=np.zeros(size(market.requests), dtype=np.bool_),
        leading=leading(market),
    )
    seams = np.searchsorted(market.first_bid, np.arange(0, size(market.bids), block_bids))
    for start, stop in pairwise(np.unique([*seams, size(market.requests)]).tolist()):
        _order_block(market, orders, slice(start, stop))
    return orders


def order_of(market: Market, request: int, leading: I64) -> tuple[I64, int]:
    """One request's bids in its final order, as rows of the market; how many are eligible.

    `leading` are the rows of all bids that lead, since that depends on the other requests too.
    """
    part = block(market, request, request + 1)
    if not size(part.bids):
        return np.empty(0, dtype=np.int64), 0
    out = refused(part)
    bids, ties = _ordered(part, out, leading)
    eligible = int(np.count_nonzero(~out))
    settle(bids, ties[ties + 1 < eligible], partial(draws_of, market))
    return bids, eligible


def _order_block(market: Market, orders: Orders, requests: slice) -> None:
    part = block(market, requests.start, requests.stop)
    if not size(part.bids):
        return
    out = refused(part)
    bids, ties = _ordered(part, out, orders.leading)
    orders.bids[part.first_row : part.first_row + len(bids)] = bids
    ties = ties[~out.take(bids.take(ties) - part.first_row)]
    orders.is_tied[part.first_row + ties] = True
    orders.eligible[requests] = _count(part, ~out)
    orders.standing[requests] = part.counts > 0
    if part.bids.flaws.any():
        stands = (part.bids.flaws & int(Flaw.LATE | Flaw.WITHDRAWN)) == 0
        orders.standing[requests] = _count(part, stands) > 0


def _ordered(part: Block, out: Mask, leading: I64) -> tuple[I64, I64]:
    """The block's bids, as rows of the market, in their requests' orders, those `out` last.

    Also the positions of bids that equal the next one.
    """
    before = np.cumsum(part.counts) - part.counts
    position = np.arange(len(out)) - part.spread(before)
    listed = _listed(part.bids.listed)
    head = part.spread(np.arange(len(before)) << 1)
    head |= out
    head <<= bits(listed)
    head |= listed
    first, behind = np.searchsorted(leading, (part.first_row, part.first_row + len(out)))
    if first < behind:
        head <<= 1
        head |= 1
        head[leading[first:behind] - part.first_row] ^= 1
    figures = _figures(part, room=KEY_BITS - bits(head) - bits(position))
    position, ties = sort_packed(head, figures, position)
    return part.spread(before + part.first_row) + position, ties


def _count(part: Block, mask: Mask) -> I64:
    """How many of each request's bids are in `mask`."""
    before = np.zeros(len(mask) + 1, dtype=np.int32)
    np.cumsum(mask, out=before[1:])
    return np.diff(before.take(np.cumsum(part.counts)), prepend=0)


def _listed(listed: I16) -> I16:
    """Positions in the Preference; bids without one share the position after the last."""
    has_position = (listed != UNLISTED) & (listed != STRUCK_OUT)
    if not has_position.any():
        return np.zeros_like(listed)
    return np.where(has_position, listed, listed.max(where=has_position, initial=0) + 1)


def _figures(part: Block, room: int) -> I64:
    """Each bid's three figures as one key, in the order of its request's policy."""
    bids, policy = part.bids, part.requests.policy
    band = part.market.places.band.take(bids.place)
    is_whole_km = part.spread(policy == WHOLE_KM)
    columns: dict[int, Integers] = {
        BAND: band.max() - band,
        PRICE: bids.price,
        DISTANCE: np.where(is_whole_km, bids.distance_m // 1000, bids.distance_m),
    }
    widths = {figure: bits(column) for figure, column in columns.items()}
    if sum(widths.values()) > room:
        columns = {figure: ranks(column) for figure, column in columns.items()}
        widths = {figure: bits(column) for figure, column in columns.items()}
    key = np.zeros(len(band), dtype=np.int64)
    for figure, column in columns.items():
        key |= column.astype(np.int64) << part.spread(_shifts(figure, widths).take(policy))
    return key


def _shifts(figure: int, widths: dict[int, int]) -> I64:
    """(policies): how far up `figure` stands in the key of each policy."""
    shifts = np.zeros(len(POLICIES), dtype=np.int64)
    for policy, figures in POLICIES.items():
        lighter = figures[figures.index(figure) + 1 :]
        shifts[policy] = sum(widths[other] for other in lighter)
    return shifts
