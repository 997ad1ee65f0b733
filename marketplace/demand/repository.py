"""Every query about unfilled demand."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.demand.rules import Group
from marketplace.models import PublishedRequest, Run, Unfilled
from marketplace.models.catalogue import DemandGroup

BLOCK = 2000


class _Area(msgspec.Struct):
    cell: str


class _Located(msgspec.Struct):
    area: _Area


async def run(connection: AsyncConnection, day: str) -> AnyRow | None:
    """Find a run."""
    query = select(Run.day, Run.report).where(Run.day == day)
    return (await connection.execute(query)).one_or_none()


async def unfilled(connection: AsyncConnection, day: str) -> AsyncIterator[list[tuple[str, str]]]:
    """Category and cell of each request that a run left unfilled, whatever came after it, in blocks."""
    decoder, after = msgspec.json.Decoder(_Located), ""
    query = (
        select(Unfilled.request, PublishedRequest.category, PublishedRequest.wire)
        .join(PublishedRequest, PublishedRequest.digest == Unfilled.request)
        .where(Unfilled.day == day, Unfilled.tick == 0)
        .order_by(Unfilled.request)
        .limit(BLOCK)
    )
    while rows := (await connection.execute(query.where(Unfilled.request > after))).all():
        yield [(row.category, decoder.decode(row.wire).area.cell) for row in rows]
        after = rows[-1].request


async def add(connection: AsyncConnection, day: str, groups: Mapping[Group, int]) -> None:
    """Store a day's report."""
    rows = [
        {"day": day, "category": category, "cell": cell, "requests": requests}
        for (category, cell), requests in sorted(groups.items())
    ]
    if rows:
        await connection.execute(insert(DemandGroup), rows)


async def page(
    connection: AsyncConnection, day: str, after: Group | None, limit: int
) -> Sequence[AnyRow]:
    """List a day's groups by category and cell."""
    keys = (DemandGroup.category, DemandGroup.cell)
    query = select(DemandGroup.__table__).where(DemandGroup.day == day).order_by(*keys).limit(limit)
    if after is not None:
        query = query.where(tuple_(*keys) > after)
    return (await connection.execute(query)).all()
