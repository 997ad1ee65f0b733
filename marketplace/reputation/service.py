"""What others ask of reputation.

Evidence is only ever inserted. Each night the sums of all of it that is older than yesterday are made anew; a
vendor's standing is computed from those and from the evidence since, which gives exactly what all evidence
gives, piece by piece.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import clocks
from marketplace.db import AnyRow
from marketplace.market import Market
from marketplace.reputation import repository
from marketplace.reputation.columns import Sums, market_tally, tallies
from marketplace.reputation.rules import (
    AGE_UNIT,
    FULL_VALUE_AGE,
    PRIOR_OBSERVATIONS,
    UNIT,
    Score,
    Tally,
    epoch_of,
    prior_share,
    sentence,
    share_of,
    weigh,
)
from vrm.documents.membership import DAY_SECONDS, Tier

_BEGINNING = date(1970, 1, 1)


class Piece(NamedTuple):
    """A signed document that speaks for or against a vendor, and the order that it is about."""

    document: str
    """Its digest."""
    vendor: str
    category: str
    amount: int
    """The order's value, in minor units."""
    tier: Tier | None = None
    """Of the customer whose word it is; none where it is the vendor's own, or its silence."""
    directed: bool = False
    """Whether that customer decided to whom the order went; see `rules.is_directed`."""


class Standing(NamedTuple):
    """A vendor's reputation on a date."""

    score: Score
    interval: tuple[float, float]
    """In which its chance of serving an order well lies, nine times in ten; for people, and decides nothing."""

    @property
    def band(self) -> int:
        return self.score.band

    @property
    def sentence(self) -> str:
        return sentence(self.score, self.interval)


async def record(
    connection: AsyncConnection, pieces: Iterable[Piece], today: date, *, good: bool
) -> None:
    """Take documents as evidence for or against their vendors.

    Args:
        pieces: each document once.
        today: the local date now. Evidence is dated by when it is stored, so that what is older than yesterday
            is complete.
    """
    pieces = list(pieces)
    if not pieces:
        return
    full = await _full_values(connection, day_number(today))
    rows = [
        piece._asdict()
        | {
            "date": today.isoformat(),
            "good": good,
            "weight": weigh(
                share_of(piece.tier, good=good), piece.amount, full.get(piece.category)
            ),
        }
        for piece in pieces
    ]
    await repository.add(connection, rows)


async def standings(
    connection: AsyncConnection, today: date, vendors: Iterable[str]
) -> dict[str, Standing]:
    """Tell the vendors' reputations on a date, from all evidence that is recorded."""
    found = await scores(connection, today, vendors)
    good = np.array([float(one.own.good + _prior_good(one)) for one in found.values()])
    whole = np.array([float(one.own.good + one.own.bad) for one in found.values()])
    unit = UNIT * AGE_UNIT
    left = np.maximum(good / unit, 1e-9)
    right = np.maximum(whole / unit + PRIOR_OBSERVATIONS - left, 1e-9)
    low, high = betaincinv(left, right, 0.05), betaincinv(left, right, 0.95)
    return {
        vendor: Standing(one, ends)
        for (vendor, one), ends in zip(
            found.items(), zip(low.tolist(), high.tolist(), strict=True), strict=True
        )
    }


async def scores(
    connection: AsyncConnection, today: date, vendors: Iterable[str]
) -> dict[str, Score]:
    """Tell the vendors' scores on a date, with the evidence that they are of."""
    return await _scores(connection, day_number(today), sorted(set(vendors)))


async def sum_up(market: Market) -> None:
    """Compute all sums of evidence that is older than yesterday anew, once each night."""
    async with market.db.unit_of_work() as connection:
        today = market.calendar.local_date(await market.db.now(connection))
        horizon = (day_number(today) - 1) * DAY_SECONDS
        if await clocks.come_to(connection, clocks.REPUTATION, horizon):
            await repository.sum_up(connection, _date_at(horizon))


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - _BEGINNING).days


async def _scores(
    connection: AsyncConnection, today: int, vendors: Sequence[str]
) -> dict[str, Score]:
    settled = await clocks.newest(connection, clocks.REPUTATION)
    since = await repository.sums_since(connection, _date_at(settled or 0))
    before = [] if settled is None else await repository.sums_before(connection, vendors)
    own = [row for row in before if row.vendor != repository.WHOLE_MARKET]
    whole = [row for row in before if row.vendor == repository.WHOLE_MARKET]
    numbers = {vendor: number for number, vendor in enumerate(vendors)}
    prior = prior_share(market_tally(_columns([*whole, *since], {}), today))
    named = [row for row in [*own, *since] if row.vendor in numbers]
    found = tallies(_columns(named, numbers), len(vendors), today)
    return {vendor: Score(found[number], prior) for vendor, number in numbers.items()}


def _columns(rows: Sequence[AnyRow], numbers: dict[str, int]) -> Sums:
    days = {text: day_number(date.fromisoformat(text)) for text in {row.date for row in rows}}
    return Sums(
        np.array([numbers.get(row.vendor, 0) for row in rows], dtype=np.int64),
        np.array([days[row.date] for row in rows], dtype=np.int64),
        np.array([row.kind for row in rows], dtype=np.int64),
        *(
            np.array([int(getattr(row, name)) for row in rows], dtype=np.int64)
            for name in Tally._fields
        ),
    )


def _prior_good(one: Score) -> int:
    return int(PRIOR_OBSERVATIONS * UNIT * AGE_UNIT * one.prior)


async def _full_values(connection: AsyncConnection, day: int) -> dict[str, int]:
    """The full values of a day's epoch, which the first to ask in it fixes."""
    epoch = epoch_of(day)
    begins = epoch * DAY_SECONDS
    known = await clocks.newest(connection, clocks.FULL_VALUES)
    if (known is None or known < begins) and await clocks.come_to(
        connection, clocks.FULL_VALUES, begins
    ):
        until = _BEGINNING + timedelta(days=epoch - FULL_VALUE_AGE)
        await repository.fix_full_values(connection, epoch, until.isoformat())
    return await repository.full_values(connection, epoch)


def _date_at(instant: int) -> str:
    return (_BEGINNING + timedelta(days=instant // DAY_SECONDS)).isoformat()
