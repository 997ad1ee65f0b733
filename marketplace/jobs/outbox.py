"""The outbox: work that follows from something stored, kept where it was stored until it is done.

An item is inserted in the transaction that makes it necessary and deleted in the one that does it. Whoever
begins with it counts an attempt and gets a lease; the number of attempts is also its fencing epoch, so a
process that was stopped past its lease cannot finish what another has begun again. An item that fails stays
leased, which is the pause before the next attempt. After `MAX_ATTEMPTS` it is parked: `market status` counts
it, nobody tries it again, and it does not keep other items from being done.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import structlog
from sqlalchemy import ColumnElement, and_, delete, false, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.market import Market
from marketplace.models import OutboxItem

LEASE_SECONDS: Final = 30
MAX_ATTEMPTS: Final = 8

Handler = Callable[[Market, AsyncConnection, str], Awaitable[None]]
"""Does an item, by its key, within the transaction that deletes it."""

Reach = Callable[[str], None]

log = structlog.get_logger()


async def put(connection: AsyncConnection, kind: str, keys: Iterable[str], run_at: int) -> None:
    """Add items, due from an instant on."""
    rows = [
        {"kind": kind, "key": key, "attempts": 0, "run_at": run_at, "lease_until": 0, "parked": False}
        for key in keys
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(OutboxItem), rows)


async def is_due(connection: AsyncConnection, kinds: Iterable[str], now: int) -> bool:
    """Tell whether an item of some kinds waits for somebody to begin with it."""
    query = select(OutboxItem.kind).where(_due(now), OutboxItem.kind.in_(kinds)).limit(1)
    return (await connection.execute(query)).first() is not None


async def drain(market: Market, handlers: Mapping[str, Handler], reach: Reach) -> None:
    """Do what is due, one item at a time, until nothing is.

    What a handler raises ends the call; its item stays as it was, with one attempt more.
    """
    while (item := await _begin(market, tuple(handlers))) is not None:
        reach("item-begun")
        async with market.db.unit_of_work() as connection:
            if await _is_ours(connection, item):
                await handlers[item.kind](market, connection, item.key)
                await connection.execute(delete(OutboxItem).where(_same(item)))
            reach("item-done")
        reach("item-settled")


async def has_items(connection: AsyncConnection, kinds: Iterable[str], prefix: str) -> bool:
    """Tell whether items of some kinds are left whose keys begin with a prefix, parked ones too."""
    query = select(OutboxItem.key).where(
        OutboxItem.kind.in_(kinds), OutboxItem.key.startswith(prefix, autoescape=True)
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def _begin(market: Market, kinds: tuple[str, ...]) -> AnyRow | None:
    """Take the lease of the next item that is due; park those that failed too often."""
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        given_up = await connection.execute(
            update(OutboxItem)
            .where(_due(now), OutboxItem.attempts >= MAX_ATTEMPTS)
            .values(parked=True)
            .returning(OutboxItem.kind, OutboxItem.key)
        )
        for row in given_up.all():
            log.error("outbox_item_parked", kind=row.kind, key=row.key, attempts=MAX_ATTEMPTS)
        due = (
            select(OutboxItem.__table__)
            .where(_due(now), OutboxItem.kind.in_(kinds))
            .order_by(OutboxItem.run_at, OutboxItem.kind, OutboxItem.key)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = (await connection.execute(due)).one_or_none()
        if found is None:
            return None
        begun = await connection.execute(
            update(OutboxItem)
            .where(_same(found))
            .values(attempts=found.attempts + 1, lease_until=now + LEASE_SECONDS)
            .returning(*OutboxItem.__table__.columns)
        )
        return begun.one()


async def _is_ours(connection: AsyncConnection, item: AnyRow) -> bool:
    query = select(OutboxItem.attempts).where(_same(item)).with_for_update()
    attempts: int | None = (await connection.execute(query)).scalar_one_or_none()
    return attempts is not None and attempts == item.attempts


def _due(now: int) -> ColumnElement[bool]:
    return and_(
        OutboxItem.parked.is_(false()), OutboxItem.run_at <= now, OutboxItem.lease_until <= now
    )


def _same(item: AnyRow) -> ColumnElement[bool]:
    return and_(OutboxItem.kind == item.kind, OutboxItem.key == item.key)
