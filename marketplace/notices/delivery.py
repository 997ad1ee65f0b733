"""Delivery: each webhook is told its vendor's events, one after the other, in their order.

A webhook that does not take an event is tried again with it after growing pauses, over three days; then it is
disabled, and the feed says so. What a webhook needs is one row, whatever waits for it, and a receiver that is
down is called once in each pause, not once for every event.

Nothing is called within a transaction: a call begins with a lease, and what came of it is stored only if the
lease's epoch still stands. So an event may be told twice, never skipped; its id stays the same.
"""

import asyncio
import random
from typing import Final

import msgspec

from marketplace.db import AnyRow
from marketplace.market import Market
from marketplace.notices import repository, service
from marketplace.notices.calling import NotDelivered, Resolve, call, resolve_by_system
from marketplace.notices.rules import next_attempt
from marketplace.notices.schemas import EventData
from marketplace.notices.webhooks import keys_of

ABREAST: Final = 16
"""Webhooks that one process calls at once."""
TURN_SECONDS: Final = 10.0
"""For how long one webhook is told event after event before others have their turn."""
LEASE_SECONDS: Final = 60
"""More than a turn with its last call."""


async def anything_to_deliver(market: Market) -> bool:
    """Tell whether a webhook has something to be told now."""
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        return bool(await repository.due_webhooks(connection, now, 1))


async def deliver(market: Market, resolve: Resolve = resolve_by_system) -> None:
    """Tell webhooks what is due, until nothing is.

    Args:
        resolve: turns their hosts into addresses.
    """
    while claimed := await _claim(market):
        await asyncio.gather(*(_serve(market, row, resolve) for row in claimed))


async def _claim(market: Market) -> list[AnyRow]:
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        rows = await repository.due_webhooks(connection, now, ABREAST, lock=True)
        return [
            await repository.lease_webhook(connection, row.vendor, now + LEASE_SECONDS)
            for row in rows
        ]


async def _serve(market: Market, row: AnyRow, resolve: Resolve) -> None:
    """Tell one webhook its events until there are none, one fails, or its turn is over."""
    ends = asyncio.get_running_loop().time() + TURN_SECONDS
    told, failures = row.told, row.failures
    while asyncio.get_running_loop().time() < ends:
        async with market.db.snapshot() as connection:
            events = await repository.page(connection, row.vendor, told, 1)
            now = await market.db.now(connection)
        if not events:
            break
        try:
            await _send(market, row, events[0], now, resolve)
        except NotDelivered as failure:
            await _fail(market, row, failures + 1, failure)
            return
        told, failures = events[0].number, 0
        if not await _note(market, row, told=told, failures=0, failure=None, delivered_at=now):
            return
    await _note(market, row, lease_until=0)


async def _send(market: Market, row: AnyRow, event: AnyRow, now: int, resolve: Resolve) -> None:
    view = service.event_view(market, event)
    body = msgspec.json.encode(view)
    generations = (0, 1) if row.generation else (0,)
    signatures = [
        keys_of(market, row, before=before).sign(view.id, now, body) for before in generations
    ]
    headers = {
        "webhook-id": view.id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }
    await call(row.url, body, headers, resolve, loopback=market.settings.webhooks_to_loopback)


async def _fail(market: Market, row: AnyRow, failures: int, failure: NotDelivered) -> None:
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        chance = random.random()  # noqa: S311 - spreads attempts, protects nothing
        again = None if failure.gone else next_attempt(failures, now, failure.wish, chance)
        changes = {
            "failures": failures,
            "failure": str(failure),
            "disabled": again is None,
            "run_at": now if again is None else again,
            "lease_until": 0,
        }
        ours = await repository.change_webhook(connection, row.vendor, row.epoch, changes)
        if ours and again is None:
            about = EventData(webhook=row.digest, reason=str(failure))
            await service.tell(connection, now, [(row.vendor, "webhook.disabled", about)])


async def _note(market: Market, row: AnyRow, **changes: int | str | None) -> bool:
    """Change a webhook's row, if the lease still stands; tells whether it does."""
    async with market.db.unit_of_work() as connection:
        return await repository.change_webhook(connection, row.vendor, row.epoch, changes)
