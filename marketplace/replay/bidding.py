"""Who bids on what: sellers drawn among the nearest, and one day's market for the resolver."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np

from marketplace.replay.chance import U64, below, draw, seed_bytes
from marketplace.replay.nearby import Neighbourhood, spans, unit_vectors
from marketplace.replay.plan import PRIOR_BAND, Plan
from marketplace.replay.points import Sites
from marketplace.resolver import UNLISTED, Bids, Market, Places, Policy, Requests, Way
from marketplace.resolver.ids import text_ids
from marketplace.resolver.packing import sort_packed
from marketplace.resolver.tables import I32, I64

Step = Callable[[str, int], None]
"""Told how much more of a stage is done: `orders` that have their bids, `days` that are resolved."""

PRICE: Final = 10_000
"""Minor units: what every request names."""
LEAST_SHARE: Final = 7_000
"""Out of `PRICE`: the least that a bid under a ceiling asks."""
FIXED_PRICE: Final = frozenset({Policy.BEST_NEARBY, Policy.NEAREST})
"""Under these policies vendors say yes to a price; under the others they name one below a ceiling."""

BLOCK_ENTRIES: Final = 1 << 19


def day_market(
    orders: Sites, sellers: Sites, near: Neighbourhood, plan: Plan, day: int, step: Step
) -> Market:
    """The market of one day; requests and places are the rows of `orders` and `sellers`.

    Steps through `orders`.
    """
    request, place, metres = _bids(orders, sellers, near, plan, step)
    price = np.full(len(request), PRICE, dtype=np.int64)
    if plan.policy not in FIXED_PRICE:
        asked = draw(plan.seed, "price", orders.key.take(request), sellers.key.take(place))
        price = LEAST_SHARE + below(PRICE - LEAST_SHARE + 1, asked)
    return Market(
        _requests(orders, plan),
        _places(sellers, len(orders), plan, day),
        Bids(
            request=request,
            place=place,
            price=price,
            distance_m=metres,
            currency=np.zeros(len(request), dtype=np.uint16),
            terms=np.zeros(len(request), dtype=np.uint16),
            way=np.full(len(request), Way.SHIP, dtype=np.uint8),
            flaws=np.zeros(len(request), dtype=np.uint8),
            listed=np.full(len(request), UNLISTED, dtype=np.int16),
        ),
        seed=seed_bytes(plan.seed, f"day {day}"),
    )


def _requests(orders: Sites, plan: Plan) -> Requests:
    n = len(orders)
    return Requests(
        id=text_ids(orders.digest),
        policy=np.full(n, plan.policy, dtype=np.uint8),
        price=np.full(n, PRICE, dtype=np.int64),
        fixed=np.full(n, plan.policy in FIXED_PRICE, dtype=np.bool_),
        currency=np.zeros(n, dtype=np.uint16),
        terms=np.zeros(n, dtype=np.uint16),
        ways=np.full(n, Way.SHIP, dtype=np.uint8),
        radius_m=np.full(n, plan.radius_m, dtype=np.int32),
        only_listed=np.zeros(n, dtype=np.bool_),
        tries_newcomers=np.zeros(n, dtype=np.bool_),
    )


def _places(sellers: Sites, orders: int, plan: Plan, day: int) -> Places:
    n = len(sellers)
    offset = below(2 * plan.band_spread + 1, draw(plan.seed, "band", sellers.key))
    return Places(
        did=np.strings.add(b"did:example:", text_ids(sellers.digest)),
        place=np.full(n, b"place"),
        capacity=_capacity(sellers.key, orders, plan, day),
        band=(PRIOR_BAND - plan.band_spread + offset).astype(np.uint8),
        reach_m=np.full(n, plan.radius_m, dtype=np.int32),
        admitted=np.ones(n, dtype=np.bool_),
        leads=np.zeros(n, dtype=np.int32),
    )


def _capacity(sellers: U64, orders: int, plan: Plan, day: int) -> I32:
    """Each seller's units on a day with so many orders."""
    if isinstance(plan.capacity, Fraction):
        each, rest = divmod(int(plan.capacity * orders), len(sellers))
    else:
        each, rest = plan.capacity, 0
    # Nobody can be assigned more than all orders, and the column is of 32 bits.
    units = np.full(len(sellers), min(each, orders), dtype=np.int32)
    chance = draw(plan.seed, f"capacity {day}", sellers)
    units[np.argsort(chance, kind="stable")[:rest]] += 1
    return units


def _bids(
    orders: Sites, sellers: Sites, near: Neighbourhood, plan: Plan, step: Step
) -> tuple[I32, I32, I32]:
    """Request, place and metres of every bid, in order of (request, place)."""
    keys, vectors = sellers.key, unit_vectors(orders)
    parts = []
    block = max(1, BLOCK_ENTRIES // plan.among)
    for start in range(0, len(orders), block):
        rows = np.arange(start, min(start + block, len(orders)))
        spots, spot = np.unique(vectors[rows], axis=0, return_inverse=True)
        pool = near.within(spots, plan.radius_m, plan.among)
        first, count = pool.first.take(spot.ravel()), pool.count.take(spot.ravel())
        order = np.repeat(rows, count)
        seller = pool.seller.take(spans(first, count))
        chance = draw(plan.seed, "bids", orders.key.take(order), keys.take(seller))
        drawn = _first_drawn(chance, count, plan.bids)
        order, seller = order.take(drawn), seller.take(drawn)
        metres = pool.metres.take(spans(first, count).take(drawn))
        sequence = np.lexsort((seller, order))
        parts.append(np.stack((order, seller, metres))[:, sequence])
        step("orders", len(rows))
    request, place, metres = np.concatenate(parts, axis=1).astype(np.int32)
    return request, place, metres


def _first_drawn(chance: U64, count: I64, bids: int) -> I64:
    """The rows of the `bids` lowest draws, among `count` neighbouring ones for each order."""
    first = np.cumsum(count) - count
    position = spans(np.zeros_like(count), count)
    order = np.repeat(np.arange(len(count)), count)
    # Fewer bits sort faster, and these are enough to tell an order's sellers apart.
    by_chance, _ = sort_packed(order, (chance >> np.uint64(24)).astype(np.int64), position)
    return (first.take(order) + by_chance)[position < bids]
