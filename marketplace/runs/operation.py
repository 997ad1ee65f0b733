"""The operator closes a day by hand."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import msgspec

from marketplace.errors import MarketError
from marketplace.jobs.worker import working
from marketplace.market import Market
from marketplace.runs import repository
from marketplace.runs.service import close_now

POLL_SECONDS = 0.1


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


async def _published(market: Market, day: str, patience: float) -> dict[str, Any]:
    for _ in range(math.ceil(patience / POLL_SECONDS)):
        async with market.db.snapshot() as connection:
            run = await repository.find(connection, day)
        if run is not None and run.report is not None:
            report: dict[str, Any] = msgspec.json.decode(run.report)
            return report
        await asyncio.sleep(POLL_SECONDS)
    raise MarketError(f"The run of {day} is not published after {patience:.0f} s; it goes on.")
