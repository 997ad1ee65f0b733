"""A market that was there before deliveries were: what was accepted then has its delivery, too."""

import asyncio

import pytest

from marketplace import schema
from tests.marketplace.fulfilment.scenes import OWNER, delivered, pass_time
from tests.support import ClockedMarket, a_confirmation


@pytest.mark.on_postgresql
async def test_what_was_accepted_before_goes_on(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, 25)
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment, received=False))
    await market.publish()
    [before] = (await market.contents())["deliveries"]
    url = market.market.db.url
    await market.market.db.dispose()
    await asyncio.to_thread(schema.downgrade, url, "0023")
    await asyncio.to_thread(schema.upgrade, url)
    [after] = (await market.contents())["deliveries"]
    changed = [at for at, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1]
    assert changed == [8, 11], "when its vendor was told is not known exactly; no deadline is set"
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment, seq=2))
    await market.publish()
