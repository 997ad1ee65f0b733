"""A market that was there before deliveries were: what was accepted then has its delivery, too."""

import asyncio

from marketplace import schema
from tests.marketplace.fulfilment.scenes import OWNER, delivered
from tests.support import ClockedMarket, a_confirmation


async def test_what_was_accepted_before_goes_on(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment, received=False))
    await market.publish()
    [before] = (await market.contents())["deliveries"]
    url = market.market.db.url
    await market.market.db.dispose()
    await asyncio.to_thread(schema.downgrade, url, "0023")
    await asyncio.to_thread(schema.upgrade, url)
    [after] = (await market.contents())["deliveries"]
    changed = [then != now for then, now in zip(before, after, strict=True)]
    assert changed.index(True) == 8, "when it was told to its vendor is not known exactly"
    assert sum(changed) == 1
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment, seq=2))
    await market.publish()
