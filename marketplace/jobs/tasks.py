"""The actors: each calls a use case on the market that the worker's event loop keeps open."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import dramatiq

from marketplace.fulfilment import deadlines
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.notices import delivery, writing
from marketplace.notices import service as notices
from marketplace.ratings import service as ratings
from marketplace.reputation import service as reputation
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
    reveal_ratings: dramatiq.Actor[[], None]
    keep_deadlines: dramatiq.Actor[[], None]
    close_days: dramatiq.Actor[[], None]
    keep_keys: dramatiq.Actor[[], None]
    grow_log: dramatiq.Actor[[], None]
    write_events: dramatiq.Actor[[], None]
    call_webhooks: dramatiq.Actor[[], None]
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
    await notices.purge(market)
    await reputation.sum_up(market)


def make_actors(broker: dramatiq.Broker, market_here: Callable[[], Market]) -> Actors:
    """Declare the actors on a broker.

    Args:
        broker: who carries the wake-ups.
        market_here: the market as it is open in the event loop that runs the actors.
    """

    busy: set[str] = set()

    async def run_alone(name: str, work: Callable[[Market], Awaitable[object]]) -> None:
        # While one call is at it, a second wake-up of this process has nothing to add.
        if name in busy:
            return
        busy.add(name)
        try:
            await work(market_here())
        finally:
            busy.discard(name)

    def declare(name: str, work: Callable[[Market], Awaitable[object]]) -> dramatiq.Actor[[], None]:
        async def wake() -> None:
            await run_alone(name, work)

        return dramatiq.actor(actor_name=name, broker=broker, queue_name=QUEUE)(wake)

    return Actors(
        publish_batch=declare("publish_batch", requests.publish_batch),
        publish_mail=declare("publish_mail", mail.publish),
        reveal_ratings=declare("reveal_ratings", ratings.reveal),
        keep_deadlines=declare("keep_deadlines", deadlines.settle),
        close_days=declare("close_days", _close_days),
        keep_keys=declare("keep_keys", _keep_keys),
        grow_log=declare("grow_log", log.grow),
        write_events=declare("write_events", writing.write),
        call_webhooks=declare("call_webhooks", delivery.deliver),
        purge=declare("purge", _purge),
    )
