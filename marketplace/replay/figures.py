"""A replay in figures: counts and whole metres, so that they are the same wherever they are computed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from marketplace.replay.plan import Plan
from marketplace.replay.simulate import Dealt, Play
from marketplace.resolver import Status
from marketplace.resolver.tables import I32, I64, label

WITHIN_KM: Final = (10, 50, 200)


@dataclass(frozen=True, slots=True)
class Distances:
    """How far orders went. A quantile is the least distance that covers its share of the served."""

    served: int
    median_m: int | None
    """`None`, like the others, where none was served."""
    p90_m: int | None
    mean_m: int | None
    within_km: dict[str, int]
    """Orders served at most so many km away."""


@dataclass(frozen=True, slots=True)
class Load:
    """How evenly sellers were loaded, over all days."""

    gini: float
    """From 0 (all alike) towards 1 (one has all), to four places."""
    most: int
    idle: int
    """Sellers without an order."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """The plan, as the command line names things."""

    policy: str
    bids_per_request: int
    among: int
    radius_km: int
    capacity: int | None
    capacity_factor: str | None
    days: int
    band_spread: int
    seed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What `market replay --json` prints."""

    orders: int
    sellers: int
    assumed: Assumed
    bids: int
    capacity: int
    served: int
    first_choice: int
    """Orders that went to the bid that they liked best."""
    unfilled: dict[str, int]
    distance: dict[str, Distances]
    """By dealing: `random`, `nearest`, `resolver`."""
    distance_of_served: dict[str, Distances]
    """The same for those orders alone that the resolver served."""
    load: dict[str, Load]


def figures(found: Play, sellers: int, plan: Plan) -> Figures:
    """Sum up a replay with so many sellers."""
    dealings = {"random": found.random, "nearest": found.nearest, "resolver": found.resolver}
    served = found.resolver.metres >= 0
    return Figures(
        orders=len(served),
        sellers=sellers,
        assumed=_assumed(plan),
        bids=found.bids,
        capacity=found.capacity,
        served=int(served.sum()),
        first_choice=int((found.rank == 0).sum()),
        unfilled={
            reason(status): int((found.status == status).sum())
            for status in Status
            if status != Status.ASSIGNED
        },
        distance={name: distances(dealt.metres) for name, dealt in dealings.items()},
        distance_of_served={
            name: distances(dealt.metres[served]) for name, dealt in dealings.items()
        },
        load={name: load(loads(dealt, sellers)) for name, dealt in dealings.items()},
    )


def reason(status: Status) -> str:
    """A status as documents name it: `no-bids`."""
    return status.name.lower().replace("_", "-")


def distances(metres: I32) -> Distances:
    """Sum up distances, of which negative ones stand for orders that went nowhere."""
    served = np.sort(metres[metres >= 0])
    within = np.searchsorted(served, [km * 1000 for km in WITHIN_KM], side="right")
    return Distances(
        served=len(served),
        median_m=_quantile(served, 50),
        p90_m=_quantile(served, 90),
        mean_m=_mean(served),
        within_km=dict(zip(map(str, WITHIN_KM), within.tolist(), strict=True)),
    )


def _mean(metres: I32) -> int | None:
    if not len(metres):
        return None
    return round(Fraction(int(metres.sum(dtype=np.int64)), len(metres)))


def _quantile(ascending: I32, percent: int) -> int | None:
    if not len(ascending):
        return None
    return int(ascending[-(-len(ascending) * percent // 100) - 1])


def loads(dealt: Dealt, sellers: int) -> I64:
    """(sellers): how many orders each got, ascending."""
    return np.sort(np.bincount(dealt.seller[dealt.seller >= 0], minlength=sellers))


def load(ascending: I64) -> Load:
    """Sum up the loads of sellers."""
    return Load(
        gini=round(float(gini(ascending)), 4),
        most=int(ascending[-1]),
        idle=int((ascending == 0).sum()),
    )


def gini(ascending: I64) -> Fraction:
    """The Gini coefficient of ascending values; 0 where all are zero.

    Half the mean difference between two values, as a share of their mean.
    """
    n, total = len(ascending), int(ascending.sum())
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return Fraction(int((ranks * ascending).sum()), n * total) if total else Fraction(0)


def _assumed(plan: Plan) -> Assumed:
    is_factor = isinstance(plan.capacity, Fraction)
    return Assumed(
        policy=label(plan.policy),
        bids_per_request=plan.bids,
        among=plan.among,
        radius_km=plan.radius_m // 1000,
        capacity=None if is_factor else int(plan.capacity),
        capacity_factor=f"{float(plan.capacity):g}" if is_factor else None,
        days=plan.days,
        band_spread=plan.band_spread,
        seed=plan.seed,
    )
