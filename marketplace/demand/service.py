"""The use cases about unfilled demand.

A day's report is made once, after its publication, out of the outbox, and kept: made again under another k, the
two together would tell what neither may.
"""

import asyncio
from collections import Counter

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.demand import repository
from marketplace.demand.rules import Group, counted, told
from marketplace.demand.schemas import DemandView
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.jobs import outbox
from marketplace.market import Market

KIND = "report-demand"


def key_of(day: str) -> str:
    """The outbox key under which a day's report waits to be made."""
    return f"{day}/"


async def make_report(market: Market, connection: AsyncConnection, key: str) -> None:
    """Make and store the report of a published day."""
    day, bounds = key.removesuffix("/"), market.rules.demand
    counts: Counter[Group] = Counter()
    async for wanted in repository.unfilled(connection, day):
        counts += await asyncio.to_thread(counted, wanted, bounds)
    await repository.add(connection, day, told(counts, bounds.minimum))


async def list_groups(market: Market, day: str, cursor: str | None, limit: int) -> Page[DemandView]:
    """List the groups of a day's report, by category and cell; those that tell neither come first.

    Raises:
        Refused: no such run, or its report is not made yet.
    """
    after = read_cursor(cursor, tuple[str, str])
    async with market.db.snapshot() as connection:
        run = await repository.run(connection, day)
        if run is None:
            raise Refused("unknown-run", f"There is no run of {day}.", "day")
        if run.report is None or await outbox.has_items(connection, [KIND], key_of(day)):
            raise Refused("not-yet-public", "The report is not made yet.", "day")
        rows, more = cut(await repository.page(connection, day, after, limit + 1), limit)
    items = [
        DemandView(category=row.category or None, cell=row.cell or None, requests=row.requests)
        for row in rows
    ]
    following = write_cursor(rows[-1].category, rows[-1].cell) if more else None
    return Page(items=items, next=following)
