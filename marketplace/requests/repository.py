"""Every query about requests and their publication."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new
from marketplace.models import Batch, BatchClock, Pending, PublishedRequest, PublishedWithdrawal


async def find_published(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a published request."""
    query = select(PublishedRequest.__table__).where(PublishedRequest.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def find_published_withdrawal(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a published withdrawal."""
    query = select(PublishedWithdrawal.__table__).where(PublishedWithdrawal.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def find_pending(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a document that waits."""
    query = select(Pending.__table__).where(Pending.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def pseudonym_is_used(connection: AsyncConnection, pseudonym: str) -> bool:
    """Tell whether a request under this pseudonym waits or was published."""
    waiting = select(Pending.digest).where(
        Pending.pseudonym == pseudonym, Pending.request.is_(None)
    )
    published = select(PublishedRequest.digest).where(PublishedRequest.pseudonym == pseudonym)
    return (await connection.execute(waiting.union_all(published).limit(1))).first() is not None


async def add_pending(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Let a document wait for its batch."""
    await insert_new(connection, Pending, row)


async def count_pending(connection: AsyncConnection) -> tuple[int, int | None]:
    """Count what waits, and find the earliest instant promised for any of it."""
    query = select(func.count(), func.min(Pending.publish_by))
    waiting, earliest = (await connection.execute(query)).one()
    return waiting, earliest


async def take_pending(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Take all that waits out of the pending table, in order of digests, and leave nothing of it behind."""
    if connection.dialect.name == "postgresql":
        # Deleted rows would stay in the heap, in the order in which they came; a truncated file does not.
        await connection.execute(text("LOCK TABLE pending IN ACCESS EXCLUSIVE MODE"))
        rows = (await connection.execute(select(Pending.__table__))).all()
        await connection.execute(text("TRUNCATE pending"))
    else:
        taken = await connection.execute(delete(Pending).returning(*Pending.__table__.columns))
        rows = taken.all()
    return sorted(rows, key=attrgetter("digest"))


async def newest_instant(connection: AsyncConnection) -> int | None:
    """The newest batch instant that the market has come to."""
    return (await connection.execute(select(BatchClock.instant))).scalar_one_or_none()


async def come_to(connection: AsyncConnection, instant: int) -> bool:
    """Note that the market has come to a batch instant; tell whether nobody had noted it before."""
    if await insert_new(connection, BatchClock, {"id": 1, "instant": instant}):
        return True
    moved = await connection.execute(
        update(BatchClock).where(BatchClock.instant < instant).values(instant=instant)
    )
    return moved.rowcount == 1


async def publish(
    connection: AsyncConnection,
    instant: int,
    requests: Sequence[dict[str, Any]],
    withdrawals: Sequence[dict[str, Any]],
) -> None:
    """Store a batch; its rows come sorted by digest."""
    counts = {"instant": instant, "requests": len(requests), "withdrawals": len(withdrawals)}
    await connection.execute(insert(Batch), counts)
    if requests:
        await connection.execute(insert(PublishedRequest), list(requests))
    if withdrawals:
        await connection.execute(insert(PublishedWithdrawal), list(withdrawals))
        withdrawn = [row["request"] for row in withdrawals]
        await connection.execute(
            update(PublishedRequest)
            .where(PublishedRequest.digest.in_(withdrawn), PublishedRequest.day.is_(None))
            .values(withdrawn_at=instant)
        )


async def batches(connection: AsyncConnection, after: int, limit: int) -> Sequence[AnyRow]:
    """List batches from the oldest."""
    query = (
        select(Batch.__table__).where(Batch.instant > after).order_by(Batch.instant).limit(limit)
    )
    return (await connection.execute(query)).all()


async def batch_contents(
    connection: AsyncConnection, instants: Sequence[int]
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """List what each batch published: digests of requests, and of withdrawn requests."""
    requests: dict[int, list[str]] = {}
    published = (
        select(PublishedRequest.published_at, PublishedRequest.digest)
        .where(PublishedRequest.published_at.in_(instants))
        .order_by(PublishedRequest.digest)
    )
    for instant, digest in await connection.execute(published):
        requests.setdefault(instant, []).append(digest)
    withdrawals: dict[int, list[str]] = {}
    withdrawn = (
        select(PublishedWithdrawal.published_at, PublishedWithdrawal.request)
        .where(PublishedWithdrawal.published_at.in_(instants))
        .order_by(PublishedWithdrawal.request)
    )
    for instant, digest in await connection.execute(withdrawn):
        withdrawals.setdefault(instant, []).append(digest)
    return requests, withdrawals
