"""Every query about evidence."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, case, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.models import Evidence
from marketplace.reputation.rules import UNIT, Tally

_GOOD = func.coalesce(func.sum(case((Evidence.good, Evidence.weight), else_=0)), 0)
_BAD = func.coalesce(func.sum(case((Evidence.good, 0), else_=Evidence.weight)), 0)


async def add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store evidence, each piece of the weight of one full observation."""
    if rows:
        await connection.execute(insert(Evidence), [row | {"weight": UNIT} for row in rows])


async def add_found(
    connection: AsyncConnection, pieces: Select[tuple[str, str]], date: str, good: bool
) -> None:
    """Store as evidence what a query finds, as (document, vendor)."""
    found = pieces.add_columns(literal(date), literal(UNIT), literal(good))
    names = ["document", "vendor", "date", "weight", "good"]
    await connection.execute(insert(Evidence).from_select(names, found))


async def market_tally(connection: AsyncConnection, until: str) -> Tally:
    """Add up all evidence up to a date."""
    query = select(_GOOD, _BAD, func.count()).where(Evidence.date <= until)
    return Tally(*map(int, (await connection.execute(query)).one()))


async def vendor_tallies(connection: AsyncConnection, until: str) -> dict[str, Tally]:
    """Add up each vendor's evidence up to a date; a vendor without any is absent."""
    query = (
        select(Evidence.vendor, _GOOD, _BAD, func.count())
        .where(Evidence.date <= until)
        .group_by(Evidence.vendor)
    )
    rows = (await connection.execute(query)).all()
    return {vendor: Tally(int(good), int(bad), int(pieces)) for vendor, good, bad, pieces in rows}
