"""Decisions in figures, side by side: whole metres, minor units, and ratios to two places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marketplace.replay.figures import Distances, Load, distances, load, reason
from marketplace.resolver import Market, Status
from marketplace.resolver.tables import I32, I64, Mask
from marketplace.whatif.deciding import Decision


@dataclass(frozen=True, slots=True)
class Side:
    """What a day came to under a policy."""

    assigned: int
    first_choice: int
    """Requests that went to the bid that they liked best, by this policy's order."""
    led: int
    """Requests that went to newcomers, since these went first on them."""
    shipped: int
    """Requests that went to the brands of their items."""
    unfilled: dict[str, int]
    """By reason."""
    distance: Distances
    mean_price: int | None
    """Minor units, over what is assigned; `None`, as below, where nothing is."""
    mean_band: float | None
    vendors: int
    """How many vendors got something."""
    load: Load
    """Requests per vendor, over all that bid."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a policy changes against the day as it was decided.

    The last six are of requests that are assigned both times.
    """

    elsewhere: int
    """Requests that go to another bid, or to a bid only here or only there."""
    gained: int
    """Assigned under the policy, and not as it was decided."""
    lost: int
    nearer: int
    farther: int
    cheaper: int
    dearer: int
    better_band: int
    worse_band: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `market whatif --json` prints."""

    day: str
    currency: str
    requests: int
    bids: int
    decided: Side
    """As it was: each request under the policy that it names."""
    policies: dict[str, Side]
    """Likewise, under one policy for all requests; as `newcomers-SHARE`, with another share for newcomers."""
    moved: dict[str, Moved]


def compare(
    day: str,
    currency: str,
    market: Market,
    decided: Decision,
    others: Sequence[tuple[str, Decision]],
) -> Comparison:
    """Sum up decisions over one market."""
    return Comparison(
        day=day,
        currency=currency,
        requests=len(decided.status),
        bids=len(market.bids.price),
        decided=_side(market, decided),
        policies={name: _side(market, other) for name, other in others},
        moved={name: _moved(decided, other) for name, other in others},
    )


def _side(market: Market, decision: Decision) -> Side:
    there = decision.assigned
    left = ~there & ~decision.shipped
    served = _per_vendor(market, decision)
    return Side(
        assigned=_count(there),
        first_choice=_count(decision.rank == 0),
        led=_count(decision.led),
        shipped=_count(decision.shipped),
        unfilled={
            reason(status): _count(left & (decision.status == status))
            for status in Status
            if status != Status.ASSIGNED
        },
        distance=distances(decision.metres),
        mean_price=None if not there.any() else round(_mean(decision.price[there])),
        mean_band=None if not there.any() else round(_mean(decision.band[there]), 2),
        vendors=_count(served > 0),
        load=load(np.sort(served)) if len(served) else Load(0.0, 0, 0),
    )


def _per_vendor(market: Market, decision: Decision) -> I64:
    """How many requests each vendor that bid was given."""
    _, vendor = np.unique(market.places.did, return_inverse=True)
    count = int(vendor.max()) + 1 if len(vendor) else 0
    given = vendor.take(decision.place[decision.assigned])
    return np.bincount(given, minlength=count)


def _moved(decided: Decision, other: Decision) -> Moved:
    both = decided.assigned & other.assigned
    nearer = np.sign(other.metres - decided.metres)[both]
    cheaper = np.sign(other.price - decided.price)[both]
    better = np.sign(other.band - decided.band)[both]
    return Moved(
        elsewhere=_count(decided.bid != other.bid),
        gained=_count(other.assigned & ~decided.assigned),
        lost=_count(decided.assigned & ~other.assigned),
        nearer=_count(nearer < 0),
        farther=_count(nearer > 0),
        cheaper=_count(cheaper < 0),
        dearer=_count(cheaper > 0),
        better_band=_count(better > 0),
        worse_band=_count(better < 0),
    )


def _count(mask: Mask) -> int:
    return int(mask.sum())


def _mean(column: I32 | I64) -> float:
    return float(column.sum(dtype=np.int64)) / len(column)
