"""When runs take place: cutoffs, missed ones, early closes, several a day."""

import pytest

from marketplace.errors import MarketError
from marketplace.runs import service as runs
from tests.conftest import OpenMarket
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_key,
    a_request,
    a_vendor,
    a_withdrawal,
)
from tests.support.market import in_path

VENDOR = a_key("vendor")


async def test_missed_cutoffs_are_caught_up_in_order(market: ClockedMarket) -> None:
    requests = [a_request(market) for _ in range(3)]
    await market.store(*requests)
    await market.publish()
    market.clock.set("2026-11-24T03:00:00Z")
    assert await runs.work_is_due(market.market)
    await runs.close_days(market.market)
    listed = await market.items("/runs")
    assert [run["day"] for run in reversed(listed)] == [f"2026-11-2{n}" for n in range(4)]
    reports = {run["day"]: run["report"]["requests"] for run in listed}
    assert reports == {
        "2026-11-20": 0,
        "2026-11-21": len(requests),
        "2026-11-22": 0,
        "2026-11-23": 0,
    }
    assert not await runs.work_is_due(market.market)


async def test_an_early_close_and_the_cutoff_after_it(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"minimum_open_minutes": 60})
    early, late = a_request(market), a_request(market)
    await market.store(a_vendor(market, VENDOR), early)
    await market.publish()
    await market.store(a_bid(market, VENDOR, early))
    market.clock.advance(600)
    first = await market.close_now()
    await market.store(late)
    await market.publish()
    await market.store(a_bid(market, VENDOR, late))
    clock = await market.get("/clock")
    second = await market.reach_cutoff(late)
    assert (first, second) == ("2026-11-20", "2026-11-20#2")
    assert (clock["day"], clock["cutoff"]) == (second, "2026-11-20T17:00:00Z")
    for day, request in ((first, early), (second, late)):
        path = in_path(day)
        (one,) = await market.items(f"/runs/{path}/requests")
        assert one["request"] == request.digest
        assert (await market.get(f"/runs/{path}"))["day"] == day
    assert (await market.get(f"/runs/{first}"))["cutoff"] == "2026-11-20T09:10:00Z"


async def test_an_early_close_leaves_what_is_not_due_to_its_own_day(market: ClockedMarket) -> None:
    request = a_request(market)
    await market.store(a_vendor(market, VENDOR), request)
    await market.publish()
    with pytest.raises(MarketError, match="Nothing to close"):
        await market.close_now()  # of the 20th; the request joined the 21st
    await market.store(a_bid(market, VENDOR, request))
    day = await market.reach_cutoff(request)
    assert len(await market.items(f"/runs/{day}/assignments")) == 1


async def test_an_operator_who_walks_the_seed_chain_by_empty_closes(market: ClockedMarket) -> None:
    """Each run reveals one seed; a day without requests reveals none."""
    request = a_request(market)
    await market.store(a_vendor(market, VENDOR), request)
    await market.publish()
    market.clock.set("2026-11-21T08:00:00Z")
    await market.close_now()
    before = await market.contents()
    with pytest.raises(MarketError, match="Nothing to close"):
        await market.close_now()
    assert await market.contents() == before


async def test_two_runs_a_day_share_a_place_s_units(open_market: OpenMarket) -> None:
    schedule = {
        "time_zone": "UTC",
        "cutoffs": ("12:00", "18:00"),
        "bids_close_minutes": 10,
        "minimum_open_minutes": 30,
    }
    market = await open_market(schedule=schedule)
    vendor = VENDOR
    await market.store(a_vendor(market, vendor), a_capacity(market, vendor, "2026-11-20", 3))
    left = []
    for _ in range(2):
        requests = [a_request(market) for _ in range(2)]
        await market.store(*requests)
        await market.publish()
        await market.send_batch(*(a_bid(market, vendor, request) for request in requests))
        day = await market.reach_cutoff(requests[0])
        (place,) = await market.items(f"/runs/{in_path(day)}/places")
        left.append(
            (day, place["units"], len(await market.items(f"/runs/{in_path(day)}/assignments")))
        )
    assert left == [("2026-11-20", 3, 2), ("2026-11-20#2", 1, 1)]


async def test_a_withdrawal_promised_for_the_cutoff_counts(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"batch_minimum": 2})
    pseudonym = a_key()
    request = a_request(market, pseudonym)
    await market.store(request, a_request(market))
    await market.publish()
    market.clock.set("2026-11-21T15:30:00Z")
    await market.store(a_withdrawal(market, pseudonym, request.digest))
    day = await market.reach_cutoff()
    while day < "2026-11-21":
        day = await market.reach_cutoff()
    assert len(await market.items(f"/runs/{day}/requests")) == 1
