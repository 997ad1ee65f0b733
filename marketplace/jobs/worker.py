"""The worker and the scheduler, together, for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dramatiq
from dramatiq.asyncio import get_event_loop_thread

from marketplace.jobs.broker import make_broker
from marketplace.jobs.scheduler import keep_time
from marketplace.jobs.tasks import make_actors
from marketplace.market import Market
from marketplace.tokens import service as tokens

THREADS = 3
"""One may wait for the receivers of webhooks."""


class KeptMarket(dramatiq.Middleware):
    """The market in the worker's own event loop: opened at the first wake-up, closed when the worker stops.

    Connections belong to the event loop that made them.
    """

    def __init__(self, open_market: Callable[[], Market]) -> None:
        self._open = open_market
        self._market: Market | None = None

    def here(self) -> Market:
        """The open market; actors call this, and they run in one thread."""
        if self._market is None:
            self._market = self._open()
        return self._market

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Close it while the loop still runs: dramatiq stops its own middleware after what was added later."""
        loop = get_event_loop_thread()
        if loop is not None and self._market is not None:
            loop.run_coroutine(self._market.db.dispose())


@asynccontextmanager
async def working(market: Market, open_market: Callable[[], Market]) -> AsyncIterator[None]:
    """Work and keep time in this process while the block runs.

    Args:
        market: for the scheduler, in this event loop.
        open_market: for the actors, which live in the worker's own event loop.

    Raises:
        ConfigurationError: the broker's URL is of another kind.
    """
    await tokens.keep_keys(market)  # whoever is served from now on finds the epoch's issuer key
    broker = make_broker(market.settings.broker_url)
    kept = KeptMarket(open_market)
    broker.add_middleware(kept)
    actors = make_actors(broker, kept.here)
    worker = dramatiq.Worker(broker, worker_threads=THREADS, worker_timeout=200)
    await asyncio.to_thread(worker.start)
    stop = asyncio.Event()
    scheduler = asyncio.create_task(keep_time(market, actors, stop))
    try:
        yield
    finally:
        stop.set()
        try:
            await scheduler
        finally:
            await asyncio.to_thread(worker.stop)
            broker.close()
