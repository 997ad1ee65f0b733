"""The honest day that the tests of this folder forge; it is made once."""

import pytest

from marketplace.descriptor import service as descriptor
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import VENDORS, accept, assignments, contested, decline
from tests.marketplace.verify.days import OWNERS, a_full_day, bundle_of, rate
from tests.marketplace.verify.forging import Forgery
from tests.support import ClockedMarket, a_bid, a_request

KEPT: dict[str, bytes] = {}


@pytest.fixture
async def honest(market: ClockedMarket) -> bytes:
    """The bundle of a day that went as it should."""
    if not KEPT:
        KEPT["day"] = await bundle_of(market, await a_full_day(market))
    return KEPT["day"]


@pytest.fixture
def forgery(honest: bytes) -> Forgery:
    """The same, in the operator's hands."""
    return Forgery(honest)


@pytest.fixture
async def second_day(open_market: OpenMarket) -> tuple[ClockedMarket, str]:
    """A day after one on which a vendor declined all that it was given, and another was rated."""
    market = await open_market(schedule={"minimum_open_minutes": 0})
    await descriptor.announce(market.market)
    asked = await contested(market, requests=4)
    rated = a_request(market, OWNERS[0])
    await market.store(rated)
    await market.publish()
    await market.store(a_bid(market, VENDORS[1], rated))
    first = await market.reach_cutoff()
    declined = {one.digest for one in asked}
    for given in await assignments(market, day=first):
        await (decline if given["request"] in declined else accept)(market, given)
        if given["request"] == rated.digest:
            kept = given
    await market.reach_tick()
    await rate(market, kept, {rated.digest: (OWNERS[0], rated)})
    again = [a_request(market) for _ in range(2)]
    await market.store(*again)
    await market.publish()
    for key in VENDORS:
        await market.store(*(a_bid(market, key, request) for request in again))
    day = await market.reach_cutoff(again[0])
    await market.publish()
    return market, day
