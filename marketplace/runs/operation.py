"""What the operator does about runs."""

import asyncio
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from marketplace.errors import MarketError
from marketplace.health import repository as health
from marketplace.instants import instant_text
from marketplace.jobs.worker import working
from marketplace.market import Market
from marketplace.runs import repository
from marketplace.runs.service import close_now

POLL_SECONDS = 0.1


class Status(NamedTuple):
    """How a market stands."""

    name: str
    did: str
    now: str
    cutoff: str
    counts: dict[str, int]
    runs: list[dict[str, Any]]


async def resolve_now(open_market: Callable[[], Market], patience: float) -> dict[str, Any]:
    """Close the open day and wait until its run is published; this process works along.

    Args:
        open_market: opens the market in the calling event loop.
        patience: seconds to wait for the run.

    Returns the run's report.

    Raises:
        MarketError: the run was not published in time; it goes on in whatever worker there is.
    """
    market = open_market()
    try:
        async with working(market, open_market):
            day = await close_now(market)
            return await _published(market, day, patience)
    finally:
        await market.db.dispose()


async def tell_status(market: Market) -> Status:
    """Tell how the market stands: its counts and its newest runs."""
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        counts = await health.counts(connection)
        runs = await repository.page(connection, None, 10)
    return Status(
        name=market.rules.name,
        did=market.did,
        now=instant_text(now),
        cutoff=instant_text(market.calendar.cutoff_at_or_after(now + 1)),
        counts=counts,
        runs=[
            {
                "day": run.day,
                "stage": run.stage,
                "report": run.report and msgspec.json.decode(run.report),
            }
            for run in runs
        ],
    )


async def _published(market: Market, day: str, patience: float) -> dict[str, Any]:
    for _ in range(math.ceil(patience / POLL_SECONDS)):
        async with market.db.snapshot() as connection:
            run = await repository.find(connection, day)
        if run is not None and run.report is not None:
            report: dict[str, Any] = msgspec.json.decode(run.report)
            return report
        await asyncio.sleep(POLL_SECONDS)
    raise MarketError(f"The run of {day} is not published after {patience:.0f} s; it goes on.")
