"""Every query about fulfilment."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, upsert
from marketplace.fulfilment.rules import Given
from marketplace.models import PublishedRequest, SignedAssignment
from marketplace.models.cascade import AssignmentAnswer
from marketplace.models.fulfilment import StoredConfirmation, StoredDisclosure

Table = type[StoredDisclosure] | type[StoredConfirmation]


async def find_assignment(connection: AsyncConnection, digest: str) -> Given | None:
    """Find an assignment with what its vendor answered."""
    query = (
        select(SignedAssignment.request, PublishedRequest.pseudonym, AssignmentAnswer.accepted)
        .join(PublishedRequest, PublishedRequest.digest == SignedAssignment.request)
        .outerjoin(AssignmentAnswer, AssignmentAnswer.assignment == SignedAssignment.digest)
        .where(SignedAssignment.digest == digest)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Given(row.request, row.pseudonym, bool(row.accepted))


async def find(connection: AsyncConnection, table: Table, request: str) -> AnyRow | None:
    """Find the newest document of a kind on a request that was taken out of what waits."""
    query = select(table.__table__).where(table.request == request)
    return (await connection.execute(query)).one_or_none()


async def vendors_of(connection: AsyncConnection, assignments: Iterable[str]) -> dict[str, str]:
    """The vendors of assignments, by the assignments' digests."""
    query = select(SignedAssignment.digest, SignedAssignment.vendor).where(
        SignedAssignment.digest.in_(list(assignments))
    )
    return {row.digest: row.vendor for row in await connection.execute(query)}


async def next_number(connection: AsyncConnection, table: Table) -> int:
    """The number of the next batch of documents of a kind."""
    newest = (await connection.execute(select(func.max(table.number)))).scalar_one()
    return (newest or 0) + 1


async def keep(connection: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Keep a document in the place of an older one of its kind."""
    await upsert(connection, table, row)


async def received(connection: AsyncConnection, pseudonym: str) -> bool | None:
    """What a pseudonym said about whether what it asked for came; none if it said nothing."""
    query = (
        select(StoredConfirmation.received)
        .join(PublishedRequest, PublishedRequest.digest == StoredConfirmation.request)
        .where(PublishedRequest.pseudonym == pseudonym)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def forget(connection: AsyncConnection, before: int) -> None:
    """Forget what Disclosures hold that were promised for instants before one."""
    old = update(StoredDisclosure).where(
        StoredDisclosure.publish_by < before, StoredDisclosure.wire.is_not(None)
    )
    await connection.execute(old.values(wire=None))


async def of_vendor(
    connection: AsyncConnection, table: Table, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """The documents of a kind to a vendor, in the order in which they were handed over."""
    row, keys = table, (table.number, table.request)
    query = (
        select(
            *keys,
            *(row.digest, row.wire),
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
