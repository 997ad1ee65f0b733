"""The worker and the scheduler, together, for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dramatiq

from marketplace.jobs.broker import make_broker
from marketplace.jobs.scheduler import keep_time
from marketplace.jobs.tasks import make_actors
from marketplace.market import Market
from marketplace.tokens import service as tokens

THREADS = 3
"""One may wait for the receivers of webhooks."""


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
    actors = make_actors(broker, open_market)
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
