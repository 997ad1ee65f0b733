"""Every query about evidence."""

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.models import Evidence
from marketplace.reputation.rules import Tally

_GOOD = func.coalesce(func.sum(case((Evidence.good, Evidence.weight), else_=0)), 0)
_BAD = func.coalesce(func.sum(case((Evidence.good, 0), else_=Evidence.weight)), 0)


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
