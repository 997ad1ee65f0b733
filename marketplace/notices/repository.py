"""Every query about what vendors are told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, upsert
from marketplace.models import PublishedRequest, SignedAssignment, Vendor
from marketplace.models.cascade import Announcement
from marketplace.models.catalogue import RunFallback, SignedFallback
from marketplace.models.notices import BoardFilter, Event, FilterList, StoredWebhook


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


async def webhook(connection: AsyncConnection, vendor: str) -> AnyRow | None:
    """A vendor's webhook; one that was taken away has no address."""
    query = select(StoredWebhook.__table__).where(StoredWebhook.vendor == vendor)
    return (await connection.execute(query)).one_or_none()


async def set_webhook(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Make a webhook the vendor's one."""
    await upsert(connection, StoredWebhook, row)


async def due_webhooks(
    connection: AsyncConnection, now: int, limit: int, *, lock: bool = False
) -> Sequence[AnyRow]:
    """The webhooks that have something to be told and that nobody is at; suspended vendors' have not."""
    row = StoredWebhook
    waits = exists().where(Event.vendor == row.vendor, Event.number > row.told)
    query = (
        select(row.vendor)
        .join(Vendor, Vendor.did == row.vendor)
        .where(row.url.is_not(None), row.disabled.is_(False), Vendor.suspended.is_(False))
        .where(row.run_at <= now, row.lease_until <= now, waits)
        .order_by(row.run_at, row.vendor)
        .limit(limit)
    )
    if lock:
        query = query.with_for_update(of=row, skip_locked=True)
    return (await connection.execute(query)).all()


async def lease_webhook(connection: AsyncConnection, vendor: str, until: int) -> AnyRow:
    """Take a webhook's lease; answers its row."""
    row = StoredWebhook
    taken = update(row).where(row.vendor == vendor)
    taken = taken.values(epoch=row.epoch + 1, lease_until=until)
    return (await connection.execute(taken.returning(*row.__table__.columns))).one()


async def change_webhook(
    connection: AsyncConnection, vendor: str, epoch: int, changes: Mapping[str, Any]
) -> bool:
    """Change a webhook's row unless another has taken its lease, or its vendor has set it anew."""
    row = StoredWebhook
    changed = update(row).where(row.vendor == vendor, row.epoch == epoch).values(**changes)
    return (await connection.execute(changed)).rowcount == 1


async def filter_list(connection: AsyncConnection, vendor: str) -> AnyRow | None:
    """A vendor's newest list of filters."""
    query = select(FilterList.__table__).where(FilterList.vendor == vendor)
    return (await connection.execute(query)).one_or_none()


async def save_filters(
    connection: AsyncConnection, listed: dict[str, Any], rows: Sequence[dict[str, Any]]
) -> None:
    """Make a list of filters the vendor's one."""
    await upsert(connection, FilterList, listed)
    gone = delete(BoardFilter).where(BoardFilter.vendor == listed["vendor"])
    await connection.execute(gone)
    if rows:
        await connection.execute(insert(BoardFilter), list(rows))


async def any_filter(connection: AsyncConnection) -> bool:
    """Tell whether anybody has saved a filter."""
    return (await connection.execute(select(BoardFilter.vendor).limit(1))).first() is not None


async def filters(connection: AsyncConnection) -> Sequence[AnyRow]:
    """All filters of vendors that are not suspended."""
    query = (
        select(BoardFilter.__table__)
        .join(Vendor, Vendor.did == BoardFilter.vendor)
        .where(Vendor.suspended.is_(False))
        .order_by(BoardFilter.vendor, BoardFilter.filter)
    )
    return (await connection.execute(query)).all()


async def requests(
    connection: AsyncConnection, instant: int, after: str, limit: int
) -> Sequence[AnyRow]:
    """What a batch has published and is still on the board, by digest."""
    row = PublishedRequest
    query = select(
        *(row.digest, row.category, row.amount, row.lat_e6, row.lng_e6),
        *(row.ships, row.picked_up, row.on_site),
    ).where(
        row.published_at == instant,
        row.digest > after,
        row.withdrawn_at.is_(None),
        row.hidden.is_(False),
    )
    return (await connection.execute(query.order_by(row.digest).limit(limit))).all()
