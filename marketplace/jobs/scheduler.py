"""The scheduler: looks at the clock and wakes the actors. Any number of them may run at once."""

import asyncio
import contextlib

from marketplace.descriptor import service as descriptor
from marketplace.fulfilment import deadlines
from marketplace.jobs.tasks import Actors
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.notices import delivery, writing
from marketplace.ratings import service as ratings
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from marketplace.stamps import service as stamps
from marketplace.tokens import service as tokens

TICK_SECONDS = 0.5
PURGE_SECONDS = 60


async def keep_time(market: Market, actors: Actors, stop: asyncio.Event) -> None:
    """Wake actors for what is due until told to stop.

    Whether something is due is read from the database, so that work left behind by a lost message or a killed
    worker is found again, also at boot.
    """
    await descriptor.announce(market)
    last_purge = 0.0
    loop = asyncio.get_running_loop()
    wakes = (
        (requests.batch_is_due, actors.publish_batch),
        (deadlines.is_due, actors.keep_deadlines),
        (ratings.is_due, actors.reveal_ratings),
        (mail.is_due, actors.publish_mail),
        (runs.work_is_due, actors.close_days),
        (_keys_are_due, actors.keep_keys),
        (log.anything_waits, actors.grow_log),
        (writing.anything_to_write, actors.write_events),
        (delivery.anything_to_deliver, actors.call_webhooks),
    )
    while not stop.is_set():
        for is_due, actor in wakes:
            if await is_due(market):
                actor.send()
        if loop.time() - last_purge > PURGE_SECONDS:
            actors.purge.send()
            last_purge = loop.time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TICK_SECONDS)


async def _keys_are_due(market: Market) -> bool:
    return await tokens.keys_are_due(market) or await stamps.is_due(market)
