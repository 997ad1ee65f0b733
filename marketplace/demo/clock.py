"""The demo's clock: nobody wants to wait longer than the market takes, nor for its vendors' deadlines.

The market's own steps are done by a process whose clock shows the next tick's instant already.
"""

import asyncio
import math
import time

from marketplace import clocks
from marketplace.demo.lists import PATIENCE_SECONDS
from marketplace.demo.stage import Stage
from marketplace.errors import MarketError
from marketplace.health import service as health
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.runs import service, timeline

HOURS_AHEAD = 6
"""No tick is looked for later than that: the demo's next cutoff would come before it."""


def hold_next_tick(stage: Stage) -> str | None:
    """Go on to the next tick at which something may be displaced, and hold it; answers its instant if any."""
    return asyncio.run(_hold_next_tick(stage))


def await_batch(stage: Stage) -> None:
    """Wait until all that anybody has posted so far is published or handed over, and its mail is out.

    Raises:
        MarketError: it takes too long.
    """
    asyncio.run(_await_batch(stage))


async def _await_batch(stage: Stage) -> None:
    market = stage.market()
    try:
        async with market.db.snapshot() as connection:
            now = await market.db.now(connection)
        following = market.calendar.batch_at_or_before(now) + market.rules.schedule.batch_seconds
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            async with market.db.snapshot() as connection:
                published = await clocks.newest(connection, clocks.PUBLICATION) or 0
            if published >= following and not (await health.count(market))["mail_waiting"]:
                return
            await asyncio.sleep(0.1)
    finally:
        await market.db.dispose()
    raise MarketError("The market did not publish, or did not send, what it promised.")


async def _hold_next_tick(stage: Stage) -> str | None:
    market = stage.market()
    try:
        async with market.db.snapshot() as connection:
            now = await market.db.now(connection)
            step = await timeline.next_step(connection, now + HOURS_AHEAD * 3600)
    finally:
        await market.db.dispose()
    if step is None or step.instant is None:
        return None
    instant = step.instant
    ahead = Market.open(
        stage.settings, stage.identity, clock=lambda: float(max(instant, math.ceil(now)))
    )
    try:
        await service.close_days(ahead)
    finally:
        await ahead.db.dispose()
    return instant_text(instant)
