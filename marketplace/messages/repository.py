"""Every query about messages."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import PublishedRequest, SignedAssignment
from marketplace.models.messages import StoredMessage, StoredVendorMessage

Table = type[StoredMessage] | type[StoredVendorMessage]

_CHUNK: Final = 5_000
"""Assignments that one query names: databases have a limit."""


async def find(connection: AsyncConnection, table: Table, digest: str) -> AnyRow | None:
    """Find a message of one side."""
    query = select(table.__table__).where(table.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def instants(connection: AsyncConnection, table: Table, assignment: str) -> list[int]:
    """The instants to which one side's messages about an assignment count."""
    instant = StoredMessage.publish_by if table is StoredMessage else StoredVendorMessage.stored_at
    query = select(instant).where(table.assignment == assignment)
    return list((await connection.execute(query)).scalars())


async def vendors_of(connection: AsyncConnection, assignments: Sequence[str]) -> dict[str, str]:
    """The vendors of assignments, by the assignments' digests."""
    row = SignedAssignment
    found: dict[str, str] = {}
    for at in range(0, len(assignments), _CHUNK):
        query = select(row.digest, row.vendor).where(row.digest.in_(assignments[at : at + _CHUNK]))
        found |= {one.digest: one.vendor for one in await connection.execute(query)}
    return found


async def next_batch(connection: AsyncConnection) -> int:
    """The number of the next batch of customers' messages."""
    newest = (await connection.execute(select(func.max(StoredMessage.batch)))).scalar_one()
    return (newest or 0) + 1


async def add(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Store messages of one side."""
    if rows:
        await connection.execute(insert(table), list(rows))


async def forget(connection: AsyncConnection, before: int) -> None:
    """Forget what messages hold that are older than an instant."""
    for table, instant in (
        (StoredMessage, StoredMessage.publish_by),
        (StoredVendorMessage, StoredVendorMessage.stored_at),
    ):
        old = update(table).where(instant < before, table.wire.is_not(None))
        await connection.execute(old.values(wire=None))


async def to_vendor(
    connection: AsyncConnection, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """The messages to a vendor, in the order in which they were handed over."""
    row = StoredMessage
    keys = (row.batch, row.digest)
    query = (
        select(
            *(*keys, row.wire),
            SignedAssignment.wire.label("assignment_wire"),
            PublishedRequest.wire.label("request_wire"),
        )
        .join(SignedAssignment, SignedAssignment.digest == row.assignment)
        .join(PublishedRequest, PublishedRequest.digest == row.request)
        .where(row.vendor == vendor, row.wire.is_not(None), tuple_(*keys) > after)
        .order_by(*keys)
        .limit(limit)
    )
    return (await connection.execute(query)).all()
