"""The demo's clock: between the run and its vendors' deadlines nobody wants to wait.

The market's own steps are done by a process whose clock shows the next tick's instant already.
"""

import asyncio
import math

from marketplace.demo.stage import Stage
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.runs import service, timeline

HOURS_AHEAD = 6
"""No tick is looked for later than that: the demo's next cutoff would come before it."""


def hold_next_tick(stage: Stage) -> str | None:
    """Go on to the next tick at which something may be displaced, and hold it; answers its instant if any."""
    return asyncio.run(_hold_next_tick(stage))


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
