"""The use cases about crowds. Counts move with a batch, in its transaction, and at no other time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.crowds import repository
from marketplace.crowds.rules import DAYS, Counts, counted, together, told
from marketplace.crowds.schemas import CrowdsView
from marketplace.market import Market
from vrm.documents import PersonalRequest

_COUNTS: Final = msgspec.json.Decoder(Counts)
"""For the API's thread and the worker's: see `vrm.documents.base.learn_types`."""


async def count(
    market: Market, connection: AsyncConnection, instant: int, requests: Sequence[PersonalRequest]
) -> None:
    """Count the requests of a batch on the date of its instant."""
    date = datetime.fromtimestamp(instant, UTC).date()
    since = date - timedelta(days=DAYS - 1)
    known = await repository.counts_of(connection, date.isoformat())
    new = counted(requests, market.rules.cells.coarsest)
    counts = new if known is None else together((_read(known), new))
    kept = msgspec.json.encode(counts, order="sorted")
    await repository.keep(connection, date.isoformat(), kept, since.isoformat())


async def read(market: Market) -> CrowdsView:
    """Tell how many requests of late show the same."""
    async with market.db.snapshot() as connection:
        days = await repository.all_counts(connection)
    return await asyncio.to_thread(_view, days, market.rules.demand.minimum)


def _view(days: Sequence[bytes], minimum: int) -> CrowdsView:
    shown = told(together(_read(day) for day in days), minimum)
    return CrowdsView(days=DAYS, minimum=minimum, **msgspec.structs.asdict(shown))


def _read(kept: bytes) -> Counts:
    return _COUNTS.decode(kept)
