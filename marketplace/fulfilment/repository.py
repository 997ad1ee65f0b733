"""Every query about fulfilment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, upsert
from marketplace.fulfilment.rules import Given
from marketplace.models import Award, PublishedRequest, SignedAssignment, StoredBid
from marketplace.models.fulfilment import (
    Delivery,
    StoredConfirmation,
    StoredDisclosure,
    StoredShipment,
)

Table = type[StoredDisclosure] | type[StoredConfirmation]

_CHUNK: Final = 5_000
"""Requests that one query names: databases have a limit."""


async def begin(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store deliveries that begin."""
    if rows:
        await connection.execute(insert(Delivery), list(rows))


async def find_delivery(connection: AsyncConnection, assignment: str) -> AnyRow | None:
    """Find what has become of an accepted assignment."""
    query = select(Delivery.__table__).where(Delivery.assignment == assignment)
    return (await connection.execute(query)).one_or_none()


async def hold(connection: AsyncConnection, requests: Iterable[str]) -> dict[str, AnyRow]:
    """Find deliveries by request, and let nobody else change them before this commits."""
    named = sorted(set(requests))
    found: dict[str, AnyRow] = {}
    for at in range(0, len(named), _CHUNK):
        query = (
            select(Delivery.__table__)
            .where(Delivery.request.in_(named[at : at + _CHUNK]))
            .order_by(Delivery.request)
            .with_for_update()
        )
        found |= {row.request: row for row in await connection.execute(query)}
    return found


async def change(connection: AsyncConnection, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Change deliveries, by request; each to the same columns."""
    if changes:
        columns = next(iter(changes.values()))
        changed = update(Delivery).where(Delivery.request == bindparam("of"))
        changed = changed.values({name: bindparam(f"to_{name}") for name in columns})
        rows = [
            {"of": request} | {f"to_{name}": value for name, value in values.items()}
            for request, values in sorted(changes.items())
        ]
        await connection.execute(changed, rows)


async def find_assignment(connection: AsyncConnection, digest: str) -> Given | None:
    """Find an assignment, with what has become of it if it was accepted."""
    query = (
        select(
            *(SignedAssignment.request, PublishedRequest.pseudonym, SignedAssignment.vendor),
            *(StoredBid.delivery, Delivery.state),
            *(Delivery.disclosed_at, Delivery.shipped_at, Delivery.ended_at),
        )
        .join(PublishedRequest, PublishedRequest.digest == SignedAssignment.request)
        .join(
            Award,
            and_(
                Award.day == SignedAssignment.day,
                Award.request == SignedAssignment.request,
                Award.tick == SignedAssignment.tick,
            ),
        )
        .join(StoredBid, StoredBid.digest == Award.bid)
        .outerjoin(Delivery, Delivery.assignment == SignedAssignment.digest)
        .where(SignedAssignment.digest == digest)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Given(
        request=row.request,
        pseudonym=row.pseudonym,
        vendor=row.vendor,
        way=row.delivery,
        state=row.state,
        is_disclosed=row.disclosed_at is not None,
        is_shipped=row.shipped_at is not None,
        has_ended=row.ended_at is not None,
    )


async def deliveries_of(
    connection: AsyncConnection, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """A vendor's deliveries, in the order in which they were accepted."""
    keys = (Delivery.accepted_at, Delivery.request)
    query = (
        select(Delivery.__table__)
        .where(Delivery.vendor == vendor, tuple_(*keys) > after)
        .order_by(*keys)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def find_shipment(connection: AsyncConnection, request: str) -> AnyRow | None:
    """Find what a vendor said of shipping what a request asked for."""
    query = select(StoredShipment.__table__).where(StoredShipment.request == request)
    return (await connection.execute(query)).one_or_none()


async def add_shipment(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a vendor's Shipment."""
    await connection.execute(insert(StoredShipment), row)


async def find(connection: AsyncConnection, table: Table, request: str) -> AnyRow | None:
    """Find the newest document of a kind on a request that was taken out of what waits."""
    query = select(table.__table__).where(table.request == request)
    return (await connection.execute(query)).one_or_none()


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
