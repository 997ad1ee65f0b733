"""What a replay assumes: everything that the files do not tell."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from marketplace.reputation.rules import BANDS, score
from marketplace.resolver import Policy

PRIOR_BAND = score((), 0).band
"""Where a vendor without evidence stands in a market without evidence."""

WIDEST_SPREAD = min(PRIOR_BAND, BANDS - PRIOR_BAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A replay's assumptions; see `simulate` for what each does.

    Raises `ValueError` if fewer sellers may bid than are to bid.
    """

    policy: Policy = Policy.BEST_NEARBY
    bids: int = 10
    """Bids on a request, where so many sellers are near."""
    among: int = 40
    """The nearest sellers that these are drawn among."""
    radius_m: int = 200_000
    """Farther sellers do not bid."""
    capacity: int | Fraction = Fraction(12, 10)
    """A whole number: each seller's units a day. A fraction: all sellers' units a day, as a multiple of the
    day's orders."""
    days: int = 1
    band_spread: int = 0
    """Reputation bands are drawn evenly, so far up and down from the prior's."""
    seed: int = 2026

    def __post_init__(self) -> None:
        if self.among < self.bids:
            raise ValueError(f"{self.bids} bids cannot come from the {self.among} nearest sellers")
