"""Who rates, ships and publishes at the same time."""

import asyncio

from marketplace.db import take_turns
from marketplace.fulfilment import repository
from marketplace.requests import service as requests
from tests.marketplace.fulfilment.scenes import OWNER, VENDOR, delivered
from tests.marketplace.ratings.test_ratings import says, says_back
from tests.support import ClockedMarket, a_handover


async def test_they_do_not_wait_in_a_circle(postgresql_market: ClockedMarket) -> None:
    """One call has its vendor's turn and waits for a delivery; another waits for the turn, and has ratings'."""
    market = postgresql_market
    await market.reset()
    one = await delivered(market)
    await market.store(says(market, one), a_handover(market, OWNER, one.request, one.assignment))
    step = market.rules.schedule.batch_seconds
    market.clock.set(market.market.calendar.batch_at_or_before(market.clock.now) + step)
    has_its_turn = asyncio.Event()

    async def ship() -> None:
        async with market.market.db.unit_of_work() as connection:
            await take_turns(connection, [VENDOR.did])
            has_its_turn.set()
            await asyncio.sleep(0.6)
            await repository.hold(connection, [one.request.digest])

    async def rate() -> int:
        await has_its_turn.wait()
        return (await market.send(says_back(market, one))).status_code

    async def publish() -> int:
        await has_its_turn.wait()
        await asyncio.sleep(0.3)
        return await requests.publish_batch(market.market)

    async with asyncio.timeout(20):
        _, rated, published = await asyncio.gather(ship(), rate(), publish())
    assert (rated, published) == (201, 2)
