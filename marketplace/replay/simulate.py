"""A replay: orders and sellers where they really were, and a market simulated round them.

Real: the points of orders and sellers, and the resolver that decides. Simulated, by the seed:

* **Days.** Orders are dealt over the days evenly and at random; each day is a run of its own, in which
  capacity starts anew and nothing is left over from the day before.
* **Bids.** Every seller is taken to sell everything. Of the nearest sellers within the radius some are
  drawn, those that have the goods and look at the board that day, and each of them bids.
* **Capacity** is the same for every seller, but for the units by which a total does not divide evenly.
* **Prices.** Under `best-nearby` and `nearest` all bids are at one fixed price; under `best-value` and
  `lowest-price` they are drawn evenly from 70 % to 100 % of one ceiling.
* **Reputation** is the prior of a market without history, or drawn evenly round it.

The resolver's outcome stands beside two others. *Random*: every order goes to a seller drawn among all, a
stand-in for a marketplace that does not know nearness. *Nearest*: every order goes to the nearest seller,
however many others do, which no market can beat and none can keep to. Neither knows capacity or radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from marketplace.replay.bidding import Step, day_market
from marketplace.replay.chance import below, draw
from marketplace.replay.nearby import Neighbourhood, between, unit_vectors
from marketplace.replay.plan import Plan
from marketplace.replay.points import F64, Sites
from marketplace.resolver import resolve
from marketplace.resolver.tables import I32, I64, U8, size


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """Which seller each order went to."""

    seller: I32
    """(orders): row of the sellers; -1 for none."""
    metres: I32
    """(orders): how far; -1 for none."""


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """All that a replay found out."""

    random: Dealt
    nearest: Dealt
    resolver: Dealt
    status: U8
    """(orders): the resolver's `Status`."""
    rank: I32
    """(orders): which of its choices the order got, from 0; -1 for none."""
    bids: int
    capacity: int
    """Units of all sellers on all days."""


def sample(orders: Sites, count: int, seed: int) -> Sites:
    """So many of the orders, drawn without regard to where they are; all if there are no more."""
    drawn = np.argsort(draw(seed, "sample", orders.key), kind="stable")
    return orders.take(np.sort(drawn[:count]))


def play(
    orders: Sites, sellers: Sites, plan: Plan, step: Step = lambda _stage, _done: None
) -> Play:
    """Replay the orders, all days of the plan."""
    near = Neighbourhood(sellers)
    status, rank = np.empty(len(orders), np.uint8), np.empty(len(orders), np.int32)
    dealt = Dealt(np.full(len(orders), -1, np.int32), np.full(len(orders), -1, np.int32))
    bids = capacity = 0
    for day, rows in enumerate(_days(orders, plan)):
        market = day_market(orders.take(rows), sellers, near, plan, day, step)
        outcome = resolve(market)
        status[rows], rank[rows] = outcome.status, outcome.rank
        served = outcome.bid >= 0
        won = outcome.bid[served]
        dealt.seller[rows[served]] = market.bids.place.take(won)
        dealt.metres[rows[served]] = market.bids.distance_m.take(won)
        step("days", 1)
        bids += size(market.bids)
        capacity += int(market.places.capacity.sum())
    vectors = unit_vectors(orders)
    return Play(
        random=_random(orders, sellers, vectors, plan.seed),
        nearest=_nearest(orders, near, vectors, plan.seed),
        resolver=dealt,
        status=status,
        rank=rank,
        bids=bids,
        capacity=capacity,
    )


def _days(orders: Sites, plan: Plan) -> list[I64]:
    """The rows, ascending, of each day's orders."""
    drawn = np.argsort(draw(plan.seed, "day", orders.key), kind="stable")
    return [np.sort(rows) for rows in np.array_split(drawn, plan.days)]


def _random(orders: Sites, sellers: Sites, vectors: F64, seed: int) -> Dealt:
    seller = below(len(sellers), draw(seed, "random seller", orders.key))
    away = between(vectors, unit_vectors(sellers).take(seller, axis=0))
    return Dealt(seller.astype(np.int32), away)


def _nearest(orders: Sites, near: Neighbourhood, vectors: F64, seed: int) -> Dealt:
    away, there = near.nearest(vectors)
    # Sellers at one point are equally near: the seed decides.
    chosen = (draw(seed, "nearest seller", orders.key) % there.count.astype(np.uint64)).astype(int)
    return Dealt(there.seller.take(there.first + chosen).astype(np.int32), away)
