"""Every query about crowds."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import upsert
from marketplace.models.crowds import CrowdDay


async def counts_of(connection: AsyncConnection, date: str) -> bytes | None:
    """What was counted on a date."""
    query = select(CrowdDay.counts).where(CrowdDay.date == date)
    return (await connection.execute(query)).scalar_one_or_none()


async def keep(connection: AsyncConnection, date: str, counts: bytes, since: str) -> None:
    """Keep what was counted on a date, and forget dates before another."""
    await upsert(connection, CrowdDay, {"date": date, "counts": counts})
    await connection.execute(delete(CrowdDay).where(CrowdDay.date < since))


async def all_counts(connection: AsyncConnection) -> Sequence[bytes]:
    """What was counted on each date."""
    query = select(CrowdDay.counts).order_by(CrowdDay.date)
    return (await connection.execute(query)).scalars().all()
