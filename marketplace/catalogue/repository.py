"""Every query about the catalogue."""

from collections.abc import Iterable, Sequence

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import Vendor
from marketplace.models.catalogue import CatalogueEntry
from vrm.documents import CatalogueItem, Signed

Name = tuple[str, str]
"""A principal and the id of one of its items."""

_VIEWED = select(CatalogueEntry.__table__, Vendor.name, Vendor.suspended).join(
    Vendor, Vendor.did == CatalogueEntry.principal
)


async def principal(connection: AsyncConnection, did: str) -> AnyRow | None:
    """Find the vendor that lists items."""
    query = select(Vendor.did, Vendor.suspended).where(Vendor.did == did)
    return (await connection.execute(query)).one_or_none()


async def newest(connection: AsyncConnection, names: Iterable[Name]) -> dict[Name, AnyRow]:
    """The versions that count now of the items with these names, as far as there are any."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    query = _VIEWED.where(
        tuple_(CatalogueEntry.principal, CatalogueEntry.item).in_(wanted),
        CatalogueEntry.newest.is_(True),
    )
    return {(row.principal, row.item): row for row in await connection.execute(query)}


async def version(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a version by its digest."""
    query = _VIEWED.where(CatalogueEntry.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def store(connection: AsyncConnection, item: Signed[CatalogueItem], now: int) -> None:
    """Make a version the one that counts."""
    body = item.body
    await connection.execute(
        update(CatalogueEntry)
        .where(
            CatalogueEntry.principal == body.principal,
            CatalogueEntry.item == body.id,
            CatalogueEntry.newest.is_(True),
        )
        .values(newest=False)
    )
    row = {
        "digest": item.digest,
        "principal": body.principal,
        "item": body.id,
        "seq": body.seq,
        "category": body.category,
        "listed": body.listed,
        "newest": True,
        "stored_at": now,
        "wire": item.wire,
    }
    await connection.execute(insert(CatalogueEntry), row)


async def page(
    connection: AsyncConnection,
    principal: str | None,
    category: str | None,
    listed: bool | None,
    after: Name,
    limit: int,
) -> Sequence[AnyRow]:
    """List the versions that count now, by principal and id."""
    row = CatalogueEntry
    query = _VIEWED.where(row.newest.is_(True), tuple_(row.principal, row.item) > after)
    for column, value in ((row.principal, principal), (row.category, category)):
        if value is not None:
            query = query.where(column == value)
    if listed is not None:
        query = query.where(row.listed.is_(listed))
    return (await connection.execute(query.order_by(row.principal, row.item).limit(limit))).all()
