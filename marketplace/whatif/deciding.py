"""A day's run decided once as it was and again by other rules, by the one kernel, from the same inputs.

A policy takes the place of the one that each request names, a share that of the requests that try newcomers.
All else is as it was frozen: requests, bids and their prices, the customers' own orders (they go before any
policy), which customers allow newcomers, units, bands, quotas, the seed. Vendors might have bid otherwise had
they known; what became of the assignments at ticks is not played, since nobody knows what other vendors would
have answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from marketplace.resolver import Market, Outcome, Policy, resolve
from marketplace.resolver.tables import I32, I64, U8, Mask
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.resolving import decide
from marketplace.runs.rules import outcome_digest


@dataclass(frozen=True, eq=False)
class Decision:
    """Where a run's requests went, as columns in order of their digests."""

    status: U8
    """A `Status` each."""
    shipped: Mask
    """Whether the principal of its item ships it."""
    bid: I32
    """The row of the bid that got it; -1 where none did, and likewise below."""
    rank: I32
    """How many bids its request liked better."""
    metres: I32
    price: I64
    """Minor units."""
    band: I32
    place: I32
    """The row of the bid's place."""
    led: Mask
    """Whether it went first as a newcomer's."""

    @property
    def assigned(self) -> Mask:
        return self.bid >= 0


def under(market: Market, policy: Policy) -> Market:
    """The same market with one policy for all requests."""
    same = np.full(len(market.requests.policy), int(policy), dtype=np.uint8)
    return replace(market, requests=replace(market.requests, policy=same))


def trying(market: Market, share: int) -> Market:
    """The same market with another share, in thousandths, of requests that try newcomers."""
    return replace(market, newcomer_share=share)


def decisions(
    frozen: FrozenDay, others: Sequence[Market], outcome: str
) -> tuple[Decision, list[Decision]]:
    """Decide a day as it was decided, and by other rules.

    Args:
        others: the day's market by each of those rules.
        outcome: the digest of the day's outcome, by its report.

    Raises:
        ValueError: the day's inputs give another outcome than the report says.
    """
    resolved = resolve(frozen.matching)
    decided = decide(frozen, resolved)
    if outcome_digest(decided) != outcome:
        raise ValueError("The day's inputs give another outcome than its report says.")
    return (
        _decision(frozen, resolved),
        [_decision(replace(frozen, matching=other), resolve(other)) for other in others],
    )


def _decision(frozen: FrozenDay, outcome: Outcome) -> Decision:
    market = frozen.matching
    bid = outcome.bid
    there = bid >= 0
    ships = frozen.items.shipped(frozen.requests) >= 0
    place = _where(there, market.bids.place, bid).astype(np.int32)
    return Decision(
        status=outcome.status,
        shipped=ships & ~there,
        bid=bid,
        rank=outcome.rank,
        metres=_where(there, market.bids.distance_m, bid).astype(np.int32),
        price=_where(there, market.bids.price, bid),
        band=_where(there, market.places.band, place).astype(np.int32),
        place=place,
        led=outcome.led,
    )


def _where(there: Mask, column: I32 | I64 | U8, rows: I32) -> I64:
    """The column at each row that is there, -1 at others."""
    found = np.full(len(rows), -1, dtype=np.int64)
    found[there] = column.take(rows[there])
    return found
