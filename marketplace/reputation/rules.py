"""The mathematics of reputation, exact in integers.

A vendor's score is the mean of a Beta posterior over its chance of serving an order well. With good weight g
and bad weight b of its own evidence, and a prior of share p and strength n,

    score = (g + n p) / (g + b + n).

The prior's share is the market's own share of good outcomes less a margin, so that a vendor without history
ranks a little below the market and a fresh start does not pay. The market's share itself begins at
`SHARE_WITHOUT_HISTORY`, with the strength of as many observations as the prior has, so that the first vendor
who fails does not take every other one down with it. Weights are thousandths of one full-value observation.

The band is the score in steps of 0.05, by integer division, so that noise does not decide.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final, NamedTuple

UNIT: Final = 1000
"""The weight of one full observation."""

PRIOR_STRENGTH: Final = 8 * UNIT
PRIOR_MARGIN: Final = Fraction(5, 100)
SHARE_WITHOUT_HISTORY: Final = Fraction(85, 100)
BANDS: Final = 20


class Tally(NamedTuple):
    """Weights of evidence, and how many pieces there are."""

    good: int = 0
    bad: int = 0
    pieces: int = 0


def prior_share(market: Tally) -> Fraction:
    """The share of good outcomes that a vendor without evidence is taken to have."""
    good = market.good + PRIOR_STRENGTH * SHARE_WITHOUT_HISTORY
    share = good / (market.good + market.bad + PRIOR_STRENGTH)
    return max(Fraction(0), share - PRIOR_MARGIN)


def score(own: Tally, prior: Fraction) -> Fraction:
    """The posterior mean, from 0 to 1."""
    return (own.good + PRIOR_STRENGTH * prior) / (own.good + own.bad + PRIOR_STRENGTH)


def band(value: Fraction) -> int:
    """The step of 0.05 that a score lies in: 0 to 20."""
    return int(value * BANDS)


def tally(evidence: Iterable[tuple[int, bool]]) -> Tally:
    """Add up (weight, good) pairs."""
    good = bad = pieces = 0
    for weight, is_good in evidence:
        good, bad, pieces = good + weight * is_good, bad + weight * (not is_good), pieces + 1
    return Tally(good, bad, pieces)


def sentence(own: Tally, prior: Fraction) -> str:
    """Explain a score in words."""
    value = score(own, prior)
    if not own.pieces:
        return f"No evidence yet: the market's prior of {float(prior):.2f}."
    return (
        f"{float(value):.2f} from {own.pieces} pieces of evidence ({own.good / UNIT:.1f} good, "
        f"{own.bad / UNIT:.1f} bad) over a prior of {float(prior):.2f} with the strength of "
        f"{PRIOR_STRENGTH // UNIT}."
    )
