"""Up to which instant each kind of periodic work was done, so that it is done once for each."""

from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import insert_new
from marketplace.models import BatchClock

PUBLICATION: Final = 1
MAIL: Final = 2
STAMPS: Final = 4
"""Given stamps were put in order."""
TIERS: Final = 5
"""The tiers of the epoch that begins then were settled."""
REPUTATION: Final = 6
"""The sums of evidence before the date that begins then were made."""
FULL_VALUES: Final = 7
"""The full values of the week that begins then were fixed."""


async def newest(connection: AsyncConnection, clock: int) -> int | None:
    """The newest instant that a clock has come to."""
    query = select(BatchClock.instant).where(BatchClock.id == clock)
    return (await connection.execute(query)).scalar_one_or_none()


async def come_to(connection: AsyncConnection, clock: int, instant: int) -> bool:
    """Note that a clock has come to an instant; tell whether nobody had noted it before."""
    if await insert_new(connection, BatchClock, {"id": clock, "instant": instant}):
        return True
    moved = await connection.execute(
        update(BatchClock)
        .where(BatchClock.id == clock, BatchClock.instant < instant)
        .values(instant=instant)
    )
    return moved.rowcount == 1
