"""Work that waits in the database: done once, tried again after a crash, parked when it cannot be done."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.health import service as health
from marketplace.jobs import outbox
from marketplace.market import Market
from marketplace.runs.lease import pass_by
from tests.support import ClockedMarket


class Broken(Exception):
    """What a handler raises."""


class Handlers:
    """Remembers what was done; raises for keys that begin with `poison`."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.tried = 0

    async def __call__(self, _market: Market, _connection: AsyncConnection, key: str) -> None:
        self.tried += 1
        if key.startswith("poison"):
            raise Broken
        self.done.append(key)


async def put(market: ClockedMarket, *keys: str) -> None:
    async with market.market.db.unit_of_work() as connection:
        await outbox.put(connection, "test", keys, run_at=market.clock.now)


async def drain(market: ClockedMarket, handlers: Handlers) -> None:
    await outbox.drain(market.market, {"test": handlers}, pass_by)


async def counts(market: ClockedMarket) -> tuple[int, int]:
    found: Any = (await health.tell_status(market.market)).counts
    return found["outbox_waiting"], found["outbox_parked"]


@pytest.mark.on_postgresql
async def test_items_are_done_once_in_order(market: ClockedMarket) -> None:
    handlers = Handlers()
    await put(market, "b", "a", "c")
    await drain(market, handlers)
    await drain(market, handlers)
    assert handlers.done == ["a", "b", "c"]
    assert await counts(market) == (0, 0)


async def test_an_item_waits_for_its_time(market: ClockedMarket) -> None:
    handlers = Handlers()
    await put(market, "a")
    market.clock.advance(-1)
    await drain(market, handlers)
    assert handlers.done == []
    market.clock.advance(1)
    await drain(market, handlers)
    assert handlers.done == ["a"]


async def test_a_poison_item_is_parked_and_holds_nobody_up(market: ClockedMarket) -> None:
    handlers = Handlers()
    await put(market, "poison", "wholesome")
    for _ in range(outbox.MAX_ATTEMPTS):
        with pytest.raises(Broken):
            await drain(market, handlers)
        await drain(market, handlers)  # the failed one still has its lease
        market.clock.advance(outbox.LEASE_SECONDS)
    assert handlers.done == ["wholesome"]
    await drain(market, handlers)
    assert handlers.tried == outbox.MAX_ATTEMPTS + 1
    assert await counts(market) == (0, 1)


async def test_an_item_that_another_has_begun_again_is_not_done_twice(
    market: ClockedMarket,
) -> None:
    handlers, late = Handlers(), Handlers()
    await put(market, "a")

    def sleep_past_the_lease(point: str) -> None:
        if point == "item-begun":
            market.clock.advance(outbox.LEASE_SECONDS)
            raise Broken

    with pytest.raises(Broken):
        await outbox.drain(market.market, {"test": late}, sleep_past_the_lease)
    await drain(market, handlers)
    assert (handlers.done, late.done) == (["a"], [])
