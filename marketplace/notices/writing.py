"""Writing events that concern many vendors: whatever the outbox holds of them."""

from typing import Final

from marketplace.jobs import outbox
from marketplace.market import Market
from marketplace.notices import filters, service

HANDLERS: Final = {**service.ANNOUNCEMENTS, filters.KIND: filters.tell_block}


async def anything_to_write(market: Market) -> bool:
    """Tell whether an announcement or a batch has vendors to tell of it."""
    async with market.db.snapshot() as connection:
        return await outbox.is_due(connection, HANDLERS, await market.db.now(connection))


async def write(market: Market) -> None:
    """Write the events of announcements and batches."""
    await outbox.drain(market, HANDLERS, lambda _: None)
