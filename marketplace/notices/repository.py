"""Every query about what vendors are told."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import SignedAssignment, Vendor
from marketplace.models_cascade import Announcement
from marketplace.models_catalogue import RunFallback, SignedFallback
from marketplace.models_notices import Event


async def newest(connection: AsyncConnection, vendors: Iterable[str]) -> dict[str, int]:
    """The number of each vendor's newest event; 0 where there is none. Who is no vendor is left out."""
    last = select(func.max(Event.number)).where(Event.vendor == Vendor.did).scalar_subquery()
    query = select(Vendor.did, func.coalesce(last, 0)).where(Vendor.did.in_(set(vendors)))
    return {row[0]: row[1] for row in await connection.execute(query)}


async def add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store events."""
    if rows:
        await connection.execute(insert(Event), list(rows))


async def page(
    connection: AsyncConnection, vendor: str, after: int, limit: int
) -> Sequence[AnyRow]:
    """List a vendor's events, oldest first."""
    query = select(Event.__table__).where(Event.vendor == vendor, Event.number > after)
    return (await connection.execute(query.order_by(Event.number).limit(limit))).all()


async def forget(connection: AsyncConnection, before: int) -> None:
    """Delete events from before an instant, but not a vendor's newest: no number is given twice."""
    later = Event.__table__.alias()
    last = select(func.max(later.c.number)).where(later.c.vendor == Event.vendor).scalar_subquery()
    await connection.execute(delete(Event).where(Event.instant < before, Event.number < last))


async def announced(connection: AsyncConnection, day: str, tick: int) -> int:
    """When the assignments of a run or tick were announced."""
    query = select(Announcement.instant).where(Announcement.day == day, Announcement.tick == tick)
    instant: int = (await connection.execute(query)).scalar_one()
    return instant


async def assignments(
    connection: AsyncConnection, day: str, tick: int, after: str, limit: int
) -> Sequence[AnyRow]:
    """The assignments of a run or tick, by request."""
    row = SignedAssignment
    query = select(row.request, row.vendor, row.digest).where(
        row.day == day, row.tick == tick, row.request > after
    )
    return (await connection.execute(query.order_by(row.request).limit(limit))).all()


async def fallbacks(
    connection: AsyncConnection, day: str, tick: int, after: str, limit: int
) -> Sequence[AnyRow]:
    """The fallbacks of a run or tick, by request."""
    row, signed = RunFallback, SignedFallback
    query = (
        select(row.request, signed.principal.label("vendor"))
        .join(signed, and_(signed.day == row.day, signed.request == row.request))
        .where(row.day == day, row.tick == tick, row.request > after)
    )
    return (await connection.execute(query.order_by(row.request).limit(limit))).all()
