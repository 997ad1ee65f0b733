"""A brand's item when those who got the request do not stand by it."""

from typing import Any

from tests.marketplace.cascade.scenes import VENDORS, assignment, decline
from tests.support import ClockedMarket, a_bid, a_key, a_request_for, a_vendor, an_item
from vrm.documents import PersonalRequest, Signed

BRAND = a_key("brand")
FIRST, SECOND = VENDORS[:2]


async def a_day(market: ClockedMarket) -> tuple[str, Signed[PersonalRequest]]:
    """A request for an item that the first vendor got; the second one is its reserve."""
    item = an_item(market, BRAND, authorised=(FIRST.did, SECOND.did))
    request = a_request_for(market, item)
    await market.store(
        a_vendor(market, BRAND, name="Pramwell"),
        *(a_vendor(market, key) for key in (FIRST, SECOND)),
        item,
        request,
    )
    await market.publish()
    await market.store(*(a_bid(market, key, request) for key in (FIRST, SECOND)))
    return await market.reach_cutoff(request), request


async def figures(market: ClockedMarket, day: str) -> tuple[int, int, int]:
    """How many of the brand's requests were served, shipped, and unfilled."""
    total = (await market.read(BRAND, "/vendors/self/report", day=day))["total"]
    assert total["requests"] == 1
    return total["served"], total["shipped"], total["unfilled"]


async def orders(market: ClockedMarket) -> list[Any]:
    found: list[Any] = (await market.read(BRAND, "/vendors/self/fallbacks"))["items"]
    return [one["fallback"] for one in found]


async def test_a_request_that_shops_decline_goes_to_the_brand_in_the_end(
    market: ClockedMarket,
) -> None:
    day, request = await a_day(market)
    assert await figures(market, day) == (1, 0, 0)
    await decline(market, await assignment(market))
    await market.reach_tick()
    await decline(market, await assignment(market, 1))
    assert await orders(market) == []
    await market.reach_tick()
    assert await figures(market, day) == (0, 1, 0)
    (order,) = await orders(market)
    assert (order["request"], order["tick"]) == (request.digest, 2)
    assert order == (await market.items(f"/runs/{day}/fallbacks"))[0]
    told = await market.get(f"/runs/{day}/requests/{request.digest}")
    assert [tick["outcome"] for tick in told["ticks"]] == ["assigned", "fallback"]


async def test_a_brand_that_left_the_list_in_the_evening_is_held_to_the_morning(
    market: ClockedMarket,
) -> None:
    """Ticks decide from what the day's freeze fixed."""
    day, _ = await a_day(market)
    await market.store(an_item(market, BRAND, seq=2, listed=False))
    for tick in (0, 1):
        await decline(market, await assignment(market, tick))
        await market.reach_tick()
    assert await figures(market, day) == (0, 1, 0)


async def test_what_no_tick_can_place_and_no_brand_ships(market: ClockedMarket) -> None:
    item = an_item(market, BRAND, authorised=(FIRST.did,))
    request = a_request_for(market, item)
    await market.store(a_vendor(market, BRAND), a_vendor(market, FIRST), item, request)
    await market.publish()
    await market.store(a_bid(market, FIRST, request))
    off = an_item(market, BRAND, seq=2, authorised=(FIRST.did,), listed=False)
    await market.store(off)
    day = await market.reach_cutoff(request)
    given = await assignment(market)
    await decline(market, given)
    await market.reach_tick()
    assert await figures(market, day) == (0, 0, 1)
    assert await orders(market) == []
    assert await market.items(f"/runs/{day}/demand") == [], "the run itself left nothing over"
