"""The scheduler: looks at the clock and wakes the actors. Any number of them may run at once."""

import asyncio
import contextlib

from marketplace.descriptor import service as descriptor
from marketplace.jobs.tasks import Actors
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.notices import delivery, writing
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
    while not stop.is_set():
        if await requests.batch_is_due(market):
            actors.publish_batch.send()
        if await mail.is_due(market):
            actors.publish_mail.send()
        if await runs.work_is_due(market):
            actors.close_days.send()
        if await tokens.keys_are_due(market) or await stamps.is_due(market):
            actors.keep_keys.send()
        if await log.anything_waits(market):
            actors.grow_log.send()
        if await writing.anything_to_write(market):
            actors.write_events.send()
        if await delivery.anything_to_deliver(market):
            actors.call_webhooks.send()
        if loop.time() - last_purge > PURGE_SECONDS:
            actors.purge.send()
            last_purge = loop.time()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TICK_SECONDS)
