"""A process that does the daily job once, and may end itself by SIGKILL or stop itself by SIGSTOP on the way.

    python -m tests.crash.process HOME DATABASE_URL OFFSET [SIGNAL POINT]

Its clock is the machine's and OFFSET seconds more.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from marketplace.market import Market
from marketplace.runs import service as runs
from marketplace.runs.lease import pass_by
from marketplace.settings import ScheduleSettings, Settings
from tests.support.market import an_identity


async def main(home: str, url: str, offset: str, *fate: str) -> None:
    """Close what is due."""
    # The test has written the market's home; a process that wrote it again would disturb the others.
    facts: dict[str, Any] = {
        "home": Path(home),
        "name": "Test market",
        "database_url": url,
        "schedule": ScheduleSettings(time_zone="Europe/Vienna", batch_minimum=1),
    }
    settings = Settings(**facts)
    market = Market.open(settings, an_identity(), clock=lambda: time.time() + int(offset))

    def end_at(point: str) -> None:
        if point == fate[1]:
            os.kill(os.getpid(), signal.Signals[fate[0]])

    try:
        await runs.close_days(market, reach=end_at if fate else pass_by)
    finally:
        await market.db.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
