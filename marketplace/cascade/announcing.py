"""Announcing: a run or tick whose assignments are all signed is out, and its vendors' time runs."""

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.cascade import repository, tick_rows
from marketplace.cascade.rules import late_by
from marketplace.db import take_turns
from marketplace.jobs import outbox
from marketplace.market import Market
from marketplace.notices import service as notices
from marketplace.runs import fallbacks, signing
from marketplace.runs.repository import set_stage

TURN = "the next announcement"
DOCUMENTS = (signing.KIND, fallbacks.KIND)
"""The kinds of outbox items in which the documents of a run or tick are made."""


async def ready(connection: AsyncConnection) -> list[tuple[int, int, str, int]]:
    """What can be announced, by instant, the run's ordinal, day and tick (0 for a run)."""
    return [
        (instant, ordinal, day, tick)
        for instant, ordinal, day, tick in sorted(await repository.published(connection))
        if not await outbox.has_items(connection, DOCUMENTS, signing.prefix(day, tick))
    ]


async def announce(market: Market, connection: AsyncConnection) -> list[tuple[str, int]]:
    """Announce what can be, and let there be a tick when an answer is due; answers the days and ticks."""
    await take_turns(connection, [TURN])
    now = await market.db.now(connection)
    announced = []
    for instant, _, day, tick in await ready(connection):
        late = late_by(instant, now, market.calendar)
        await repository.announce(connection, day, tick, now, late)
        if tick:
            await tick_rows.set_stage(connection, day, instant, "announced")
        else:
            await set_stage(connection, day, "announced")
        due = await repository.deadlines(connection, day, tick)
        await repository.schedule(connection, day, (accept_by + late for accept_by in due))
        await notices.announce(connection, day, tick, now)
        announced.append((day, tick))
    return announced
