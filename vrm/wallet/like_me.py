"""What people like the owner say of a vendor: its ratings, weighed here by what they share with the owner.

The market gives everybody the same list, and learns only that somebody reads it. A rating weighs three times as
much for each facet that it shares with the owner, and a third for each in which it differs; what it does not
say changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from vrm.documents import Rating, recall
from vrm.wallet.state import State

FACTOR: Final = 3
"""By how much a facet changes what a rating weighs."""


@dataclass(frozen=True)
class Opinion:
    """A rating as far as it is weighed."""

    stars: int
    facets: Mapping[str, str]


@dataclass(frozen=True)
class Weighed:
    """A vendor's ratings, plain and by what they share with the owner."""

    ratings: int
    alike: dict[int, int]
    """How many share so many facets with the owner, for each number of facets that occurs."""
    mean: Fraction
    weighed: Fraction


def facets_of(state: State) -> dict[str, str]:
    """What the owner said of themself in requests and ratings, the newest word for each facet."""
    said: dict[str, str] = {}
    for entry in state.requests:
        said |= entry.body.facets or {}
        if entry.rating is not None:
            said |= recall(entry.rating.wire, Rating).facets or {}
    return said


def weigh(opinions: Iterable[Opinion], own: Mapping[str, str]) -> Weighed | None:
    """Weigh ratings by the owner's facets; none if there are none."""
    alike: dict[int, int] = {}
    stars = weights = plain = Fraction(0)
    for one in opinions:
        both = [name for name in one.facets if name in own]
        shared = sum(one.facets[name] == own[name] for name in both)
        weight = Fraction(FACTOR) ** (2 * shared - len(both))
        alike[shared] = alike.get(shared, 0) + 1
        weights += weight
        stars += weight * one.stars
        plain += one.stars
    if not alike:
        return None
    count = sum(alike.values())
    return Weighed(count, dict(sorted(alike.items())), plain / count, stars / weights)
