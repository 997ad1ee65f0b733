"""The actors: each opens the market in the worker's own event loop and calls a use case."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import dramatiq

from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from marketplace.runs.apart import resolve_apart
from marketplace.runs.resolving import resolve_here
from marketplace.stamps import service as stamps
from marketplace.tokens import service as tokens
from marketplace.vendors import service as vendors

QUEUE = "vrm"


@dataclass(frozen=True, slots=True)
class Actors:
    """What can be woken."""

    publish_batch: dramatiq.Actor[[], None]
    publish_mail: dramatiq.Actor[[], None]
    close_days: dramatiq.Actor[[], None]
    keep_keys: dramatiq.Actor[[], None]
    grow_log: dramatiq.Actor[[], None]
    purge: dramatiq.Actor[[], None]


async def _close_days(market: Market) -> None:
    # What was promised for the day's last instant counts for the day, withdrawals above all.
    await requests.publish_batch(market)
    # With another clock than the database's own, another process could not tell the time.
    apart = market.db.has_own_clock
    await runs.close_days(market, resolving=resolve_apart if apart else resolve_here)


async def _keep_keys(market: Market) -> None:
    await tokens.keep_keys(market)
    await stamps.settle(market)


async def _purge(market: Market) -> None:
    await vendors.purge_nonces(market)
    await tokens.purge(market)
    await market.db.forget_order()  # a reader may have kept a publication from doing so
    await stamps.purge(market)


def make_actors(broker: dramatiq.Broker, open_market: Callable[[], Market]) -> Actors:
    """Declare the actors on a broker.

    Args:
        broker: who carries the wake-ups.
        open_market: opens the market anew; connections belong to the event loop that made them.
    """

    busy: set[str] = set()

    async def run_alone(name: str, work: Callable[[Market], Awaitable[object]]) -> None:
        # While one call is at it, a second wake-up of this process has nothing to add.
        if name in busy:
            return
        busy.add(name)
        market = open_market()
        try:
            await work(market)
        finally:
            busy.discard(name)
            await market.db.dispose()

    async def publish_batch() -> None:
        await run_alone("publish_batch", requests.publish_batch)

    async def publish_mail() -> None:
        await run_alone("publish_mail", mail.publish)

    async def close_days() -> None:
        await run_alone("close_days", _close_days)

    async def keep_keys() -> None:
        await run_alone("keep_keys", _keep_keys)

    async def grow_log() -> None:
        await run_alone("grow_log", log.grow)

    async def purge() -> None:
        await run_alone("purge", _purge)

    def declare(work: Callable[[], Awaitable[None]]) -> dramatiq.Actor[[], None]:
        return dramatiq.actor(broker=broker, queue_name=QUEUE)(work)

    return Actors(
        declare(publish_batch),
        declare(publish_mail),
        declare(close_days),
        declare(keep_keys),
        declare(grow_log),
        declare(purge),
    )
