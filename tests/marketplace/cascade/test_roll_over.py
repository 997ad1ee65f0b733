"""Roll-over: what a day could not give to anybody joins a later cutoff, and the day stays what it was."""

from typing import Any

import numpy as np
import pytest

from marketplace.resolver import Market
from marketplace.resolver.tables import size
from marketplace.runs.resolving import load_frozen
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import (
    DAY,
    VENDORS,
    a_day,
    assignment,
    assignments,
    decline,
)
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_key,
    a_request,
    a_vendor,
    a_withdrawal,
)
from tests.support.clock import seconds
from vrm.documents import PersonalRequest, Signed

NEXT = "2026-11-22"


async def left_over(
    market: ClockedMarket, bids: dict[int, dict[str, Any]], **changes: Any
) -> Signed[PersonalRequest]:
    """A request that rolls over, with bids from places that are full."""
    request = a_request(market, **{"policy": "lowest-price", "roll_over": True, **changes})
    await market.store(*(a_vendor(market, key) for key in VENDORS), request)
    await market.publish()
    for number, change in bids.items():
        await market.store(a_capacity(market, VENDORS[number], DAY, 0))
        await market.store(a_bid(market, VENDORS[number], request, **change))
    assert await market.reach_cutoff(request) == DAY
    return request


async def test_an_unfilled_request_is_open_again(market: ClockedMarket) -> None:
    request = await left_over(market, {})
    (rolled,) = await market.items(f"/runs/{DAY}/roll-overs")
    assert rolled == {"request": request.digest, "tick": 0, "cutoff": "2026-11-22T17:00:00Z"}
    (left,) = await market.items(f"/runs/{DAY}/unfilled")
    assert left["reason"] == "no-bids"
    item = await market.read(VENDORS[0], f"/board/{request.digest}")
    assert (item["state"], item["cutoff"]) == ("open", "2026-11-22T17:00:00Z")
    await market.store(a_bid(market, VENDORS[0], request))
    assert await market.reach_cutoff(request) == NEXT
    (given,) = await assignments(market, day=NEXT)
    assert given["request"] == request.digest
    assert await market.items(f"/runs/{DAY}/bids") == []


async def test_bids_roll_along_only_if_they_say_so(market: ClockedMarket) -> None:
    request = await left_over(
        market,
        {
            0: {},
            1: {"valid_until": "2026-11-22T16:59:59Z"},
            2: {"valid_until": "2026-11-22T17:00:00Z"},
        },
    )
    before = await market.items(f"/runs/{DAY}/bids")
    assert len(before) == 3
    states = [
        (await market.read(key, "/vendors/self/bids"))["items"][0]["state"] for key in VENDORS[:3]
    ]
    assert states == ["lost", "lost", "live"]
    (own,) = (await market.read(VENDORS[0], "/vendors/self/bids", day=DAY))["items"]
    assert (own["state"], own["day"]) == ("lost", DAY)
    assert await market.reach_cutoff(request) == NEXT
    (bid,) = await market.items(f"/runs/{NEXT}/bids")
    assert bid["document"]["vendor"] == VENDORS[2].did
    assert (await assignments(market, day=NEXT))[0]["vendor"] == VENDORS[2].did
    assert await market.items(f"/runs/{DAY}/bids") == before


def columns(matching: Market) -> list[bytes]:
    """All that a market says, bit by bit."""
    return [
        np.ascontiguousarray(getattr(table, name)).tobytes()
        for table in (matching.requests, matching.places, matching.bids)
        for name in table.__slots__
        if size(table)
    ]


@pytest.mark.on_postgresql
async def test_the_day_loads_bit_by_bit_as_it_was(market: ClockedMarket) -> None:
    others = [a_request(market) for _ in range(3)]
    await market.store(*(a_vendor(market, key) for key in VENDORS), *others)
    await market.publish()
    for key in VENDORS:
        await market.send_batch(*(a_bid(market, key, request) for request in others))
    valid = {"valid_until": "2026-12-24T00:00:00Z"}
    request = await left_over(market, {0: {}, 1: valid, 3: valid})
    run = await market.get(f"/runs/{DAY}")
    day = (await load_frozen(market.market.db, DAY), await market.items(f"/runs/{DAY}/bids"))
    told = await market.get(f"/runs/{DAY}/requests/{request.digest}")
    await market.store(a_bid(market, VENDORS[0], request, seq=2, price={"amount": 1}))
    await market.store(a_bid(market, VENDORS[1], request, seq=2, price={"amount": 2}))
    await market.reach_cutoff(request)
    market.market.kept.clear()
    again = await load_frozen(market.market.db, DAY)
    assert columns(again.matching) == columns(day[0].matching)
    assert again.bids.tolist() == day[0].bids.tolist()
    assert await market.items(f"/runs/{DAY}/bids") == day[1]
    assert await market.items(f"/runs/{DAY}/bids", limit=1) == day[1]
    assert await market.get(f"/runs/{DAY}/requests/{request.digest}") == told
    assert await market.get(f"/runs/{DAY}") == run


async def test_a_cascade_that_ends_rolls_over_without_those_that_failed(
    market: ClockedMarket,
) -> None:
    valid = "2026-12-24T00:00:00Z"
    request = a_request(market, policy="lowest-price", roll_over=True)
    await market.store(*(a_vendor(market, key) for key in VENDORS), request)
    await market.publish()
    for number, key in enumerate(VENDORS):
        await market.store(a_capacity(market, key, DAY, int(number == 0)))
        price = {"amount": 20_000 + number}
        await market.store(a_bid(market, key, request, valid_until=valid, price=price))
    await market.reach_cutoff(request)
    given = await assignment(market)
    assert given["vendor"] == VENDORS[0].did
    await decline(market, given)
    await market.reach_tick()
    (rolled,) = await market.items(f"/runs/{DAY}/roll-overs")
    assert (rolled["tick"], rolled["cutoff"]) == (1, "2026-11-22T17:00:00Z")
    (own,) = (await market.read(VENDORS[0], "/vendors/self/bids"))["items"]
    assert (own["state"], own["day"]) == ("declined", DAY)
    market.market.kept.clear()
    told = await market.get(f"/runs/{DAY}/requests/{request.digest}")
    assert len(told["candidates"]) == 4
    assert told["ticks"][0]["outcome"] == "unfilled"
    await market.reach_cutoff(request)
    assert len(await market.items(f"/runs/{NEXT}/bids")) == 3
    assert (await assignments(market, day=NEXT))[0]["vendor"] == VENDORS[1].did


@pytest.mark.on_postgresql
@pytest.mark.parametrize(
    ("needed_by", "rolls"), [("2026-11-22T16:45:00Z", False), ("2026-11-22T17:00:00Z", True)]
)
async def test_not_beyond_the_need(market: ClockedMarket, needed_by: str, rolls: bool) -> None:
    await left_over(market, {}, needed_by=needed_by)
    assert bool(await market.items(f"/runs/{DAY}/roll-overs")) is rolls


async def test_for_so_many_days_at_most(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"roll_over_days": 2})
    request = await left_over(market, {})
    days = [await market.reach_cutoff() for _ in range(4)]
    rolled = [bool(await market.items(f"/runs/{day}/roll-overs")) for day in [DAY, *days]]
    assert rolled == [True, True, False, False, False]
    left = [len(await market.items(f"/runs/{day}/unfilled")) for day in [DAY, *days]]
    assert left == [1, 1, 1, 0, 0]
    assert request.body.roll_over


async def test_not_without_the_owner_s_word(market: ClockedMarket) -> None:
    await left_over(market, {}, roll_over=False)
    assert await market.items(f"/runs/{DAY}/roll-overs") == []


async def test_what_rolled_over_can_be_withdrawn(market: ClockedMarket) -> None:
    key = a_key()
    request = a_request(market, key, roll_over=True)
    await market.store(request)
    await market.publish()
    await market.reach_cutoff(request)
    await market.store(a_withdrawal(market, key, request.digest))
    await market.publish()
    await market.reach_cutoff()
    assert await market.items(f"/runs/{NEXT}/requests") == []
    assert len(await market.items(f"/runs/{DAY}/requests")) == 1


async def test_a_market_that_was_down_leaves_vendors_the_time_to_bid(
    market: ClockedMarket,
) -> None:
    """Runs that are caught up do not pass a request on among themselves."""
    request = a_request(market, roll_over=True)
    await market.store(request)
    await market.publish()
    market.clock.set("2026-11-25T09:00:00Z")
    await market.reach_cutoff()
    (rolled,) = await market.items(f"/runs/{DAY}/roll-overs")
    assert rolled["cutoff"] == "2026-11-26T17:00:00Z"
    assert seconds(rolled["cutoff"]) - market.clock.now >= 12 * 3600


async def test_an_accepted_day_rolls_nothing(market: ClockedMarket) -> None:
    await a_day(market, roll_over=True)
    assert await market.items(f"/runs/{DAY}/roll-overs") == []
