"""Every query about fulfilment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, upsert
from marketplace.fulfilment.rules import Given
from marketplace.models import Award, PublishedRequest, SignedAssignment, StoredBid
from marketplace.models.fulfilment import (
    Delivery,
    StoredCancellation,
    StoredConfirmation,
    StoredDisclosure,
    StoredHandover,
    StoredShipment,
    StoredVendorCancellation,
)
from marketplace.reputation.service import Piece

Table = (
    type[StoredDisclosure]
    | type[StoredConfirmation]
    | type[StoredCancellation]
    | type[StoredHandover]
)
Said = type[StoredShipment] | type[StoredVendorCancellation]

_WORTH: Final = frozenset(("received", "not-received", "vendor-cancelled"))
"""States that are worth a stamp."""

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


async def hold(connection: AsyncConnection, requests: Iterable[str]) -> dict[str, Given]:
    """Find deliveries by request, and let nobody else change them before this commits."""
    named = sorted(set(requests))
    found: dict[str, Given] = {}
    for at in range(0, len(named), _CHUNK):
        query = (
            _given(inner=True)
            .where(Delivery.request.in_(named[at : at + _CHUNK]))
            .order_by(Delivery.request)
            .with_for_update(of=Delivery)
        )
        found |= {row.request: Given(*row) for row in await connection.execute(query)}
    return found


async def change(connection: AsyncConnection, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Change columns of deliveries, by request."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for request, values in sorted(changes.items()):
        row = {f"to_{name}": value for name, value in values.items()}
        alike[tuple(sorted(values))].append(row | {"of": request})
    for names, rows in alike.items():
        if names:
            changed = update(Delivery).where(Delivery.request == bindparam("of"))
            values = {name: bindparam(f"to_{name}") for name in names}
            await connection.execute(changed.values(values), rows)


async def due(connection: AsyncConnection, instant: int, limit: int) -> Sequence[str]:
    """The requests of deliveries whose deadline is not after an instant, some of them."""
    query = select(Delivery.request).where(Delivery.deadline <= instant)
    found = await connection.execute(query.order_by(Delivery.deadline).limit(limit))
    return found.scalars().all()


async def find_assignment(connection: AsyncConnection, digest: str) -> Given | None:
    """Find an assignment, with what has become of it if it was accepted."""
    query = _given(inner=False).where(SignedAssignment.digest == digest)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Given(*row)


async def pieces(connection: AsyncConnection, requests: Sequence[str]) -> list[Piece]:
    """Deliveries as evidence: the assignment's digest, its vendor, and the order's category and amount."""
    query = (
        select(Delivery.assignment, Delivery.vendor, PublishedRequest.category, StoredBid.amount)
        .join(PublishedRequest, PublishedRequest.digest == Delivery.request)
        .join(Award, _award_of(Delivery))
        .join(StoredBid, StoredBid.digest == Award.bid)
        .where(Delivery.request.in_(requests))
        .order_by(Delivery.request)
    )
    return [Piece(*row) for row in await connection.execute(query)]


def _given(*, inner: bool) -> Select[*tuple[Any, ...]]:
    """What `Given` holds, in its order; of accepted assignments only, or of all."""
    given = SignedAssignment
    query = (
        select(
            *(given.request, given.digest, PublishedRequest.pseudonym, given.vendor),
            *(StoredBid.delivery, func.coalesce(Delivery.lead_hours, 0), Delivery.state),
            *(Delivery.disclosed_at, Delivery.shipped_at),
            *(func.coalesce(Delivery.overdue, false()), Delivery.deadline, Delivery.ended_at),
        )
        .join(PublishedRequest, PublishedRequest.digest == given.request)
        .join(Award, _award_of(given))
        .join(StoredBid, StoredBid.digest == Award.bid)
    )
    return query.join(Delivery, Delivery.assignment == given.digest, isouter=not inner)


def _award_of(row: Any) -> ColumnElement[bool]:
    return and_(Award.day == row.day, Award.request == row.request, Award.tick == row.tick)


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


async def said(connection: AsyncConnection, table: Said, request: str) -> AnyRow | None:
    """Find what a vendor said of what a request asked for."""
    query = select(table.__table__).where(table.request == request)
    return (await connection.execute(query)).one_or_none()


async def add_said(connection: AsyncConnection, table: Said, row: dict[str, Any]) -> None:
    """Store what a vendor said."""
    await connection.execute(insert(table), row)


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


async def ended(connection: AsyncConnection, pseudonym: str) -> str | None:
    """How a pseudonym's delivery has ended: ``received``, ``not-received`` or ``vendor-cancelled``; ``overdue``
    where it was cancelled when its vendor was overdue."""
    query = (
        select(Delivery.state, Delivery.overdue)
        .join(PublishedRequest, PublishedRequest.digest == Delivery.request)
        .where(PublishedRequest.pseudonym == pseudonym)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        return None
    if found.state == "cancelled":
        return "overdue" if found.overdue else None
    return found.state if found.state in _WORTH else None


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
