"""Every query about a brand's own days."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from marketplace.brands.rules import Outcome
from marketplace.db import AnyRow
from marketplace.models import Award, PublishedRequest, Run, StoredBid, Unfilled, Vendor
from marketplace.models.catalogue import CatalogueEntry, RunFallback, RunItem, SignedFallback


async def run(connection: AsyncConnection, day: str | None) -> AnyRow | None:
    """Find a run by its day, or the newest published one."""
    query = select(Run.day, Run.report)
    if day is None:
        query = query.where(Run.report.is_not(None)).order_by(Run.ordinal.desc()).limit(1)
    else:
        query = query.where(Run.day == day)
    return (await connection.execute(query)).one_or_none()


async def outcomes(connection: AsyncConnection, day: str, principal: str) -> list[Outcome]:
    """What has become of a day's requests for a brand's items so far, its ticks included."""
    earlier = aliased(Award)
    last = (
        select(func.max(earlier.tick))
        .where(earlier.day == RunItem.day, earlier.request == RunItem.request)
        .scalar_subquery()
    )

    def of(table: type[Award | RunFallback | Unfilled]) -> ColumnElement[bool]:
        return and_(table.day == RunItem.day, table.request == RunItem.request)

    query = (
        select(
            CatalogueEntry.item,
            StoredBid.vendor,
            StoredBid.distance_m,
            RunFallback.request.is_not(None).label("shipped"),
            Unfilled.request.is_not(None).label("unfilled"),
        )
        .select_from(RunItem)
        .join(CatalogueEntry, CatalogueEntry.digest == RunItem.item)
        .outerjoin(Award, and_(of(Award), Award.tick == last))
        .outerjoin(StoredBid, StoredBid.digest == Award.bid)
        .outerjoin(RunFallback, of(RunFallback))
        .outerjoin(Unfilled, of(Unfilled))
        .where(RunItem.day == day, CatalogueEntry.principal == principal)
    )
    return [
        # What was given and did not hold went on to another vendor, to the brand, or to nobody.
        Outcome(row.item, None, None, bool(row.shipped))
        if row.shipped or row.unfilled
        else Outcome(row.item, row.vendor, row.distance_m, shipped=False)
        for row in await connection.execute(query)
    ]


async def documents(connection: AsyncConnection, principal: str) -> dict[str, bytes]:
    """A brand's items as they count now, by id."""
    query = select(CatalogueEntry.item, CatalogueEntry.wire).where(
        CatalogueEntry.principal == principal, CatalogueEntry.newest.is_(True)
    )
    return {row.item: row.wire for row in await connection.execute(query)}


async def names(connection: AsyncConnection, dids: Iterable[str]) -> dict[str, str]:
    """The names of vendors."""
    query = select(Vendor.did, Vendor.name).where(Vendor.did.in_(sorted(dids)))
    return {row.did: row.name for row in await connection.execute(query)}


async def fallbacks(
    connection: AsyncConnection, principal: str, after: int, limit: int
) -> Sequence[AnyRow]:
    """List what went to a brand, in the order in which it was signed."""
    query = (
        select(
            SignedFallback.position,
            SignedFallback.wire,
            PublishedRequest.wire.label("request_wire"),
        )
        .join(PublishedRequest, PublishedRequest.digest == SignedFallback.request)
        .where(SignedFallback.principal == principal, SignedFallback.position > after)
        .order_by(SignedFallback.position)
        .limit(limit)
    )
    return (await connection.execute(query)).all()
