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

from marketplace.market import Market
from marketplace.runs import service as runs
from marketplace.runs.lease import pass_by
from tests.support.market import an_identity, settings_of


async def main(home: str, url: str, offset: str, *fate: str) -> None:
    """Close what is due."""
    market = Market.open(
        settings_of(Path(home), url),
        an_identity(),
        clock=lambda: time.time() + int(offset),
    )

    def end_at(point: str) -> None:
        if point == fate[1]:
            os.kill(os.getpid(), signal.Signals[fate[0]])

    try:
        await runs.close_days(market, reach=end_at if fate else pass_by)
    finally:
        await market.db.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
