"""The feed of events: what each vendor is told, once, in order, and nobody else."""

import asyncio
from typing import Any

import pytest

import crypto
from marketplace.notices import service as notices
from marketplace.notices import writing
from marketplace.notices.schemas import EventData
from tests.marketplace.cascade.scenes import (
    DAY,
    VENDORS,
    a_day,
    assignment,
    assignments,
    contested,
    decline,
)
from tests.support import ClockedMarket, a_request_for, a_vendor, an_item, problem

VENDOR = VENDORS[0]


async def feed(market: ClockedMarket, key: crypto.SigningKey = VENDOR, **asked: Any) -> list[Any]:
    """What a vendor reads, once everything is written."""
    await writing.write(market.market)
    found: list[Any] = (await market.read(key, "/events", **asked))["items"]
    return found


async def test_a_vendor_is_told_of_its_assignment_and_others_are_not(market: ClockedMarket) -> None:
    await a_day(market)
    (event,) = await feed(market)
    assert event["type"] == "assignment.made"
    assert event["data"] == {"assignment": crypto.digest(await assignment(market))}
    assert event["timestamp"] == "2026-11-21T17:00:00Z"
    assert [await feed(market, key) for key in VENDORS[1:]] == [[], [], []]


async def test_the_next_in_line_is_told_by_the_tick(market: ClockedMarket) -> None:
    await a_day(market)
    await decline(market, await assignment(market))
    assert await feed(market, VENDORS[1]) == []
    await market.reach_tick()
    (event,) = await feed(market, VENDORS[1])
    assert event["data"] == {"assignment": crypto.digest(await assignment(market, tick=1))}


@pytest.mark.on_postgresql
async def test_a_brand_is_told_of_what_is_its_own_to_ship(market: ClockedMarket) -> None:
    item = an_item(market, VENDOR)
    await market.store(a_vendor(market, VENDOR), item)
    request = a_request_for(market, item)
    await market.store(request)
    await market.publish()
    day = await market.reach_cutoff(request)
    (event,) = await feed(market)
    assert (event["type"], event["data"]) == (
        "fallback.made",
        {"request": request.digest, "day": day},
    )


@pytest.mark.on_postgresql
async def test_blocks_tell_everything_once_and_in_order(
    market: ClockedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "BLOCK", 2)
    await contested(market, requests=5)
    await market.reach_cutoff()
    await market.reach_cutoff()
    await asyncio.gather(*(writing.write(market.market) for _ in range(3)))
    told = await feed(market)
    given = sorted(await assignments(market), key=lambda one: str(one["request"]))
    assert [one["data"]["assignment"] for one in told] == [crypto.digest(one) for one in given]
    assert len({one["id"] for one in told}) == 5
    assert not await writing.anything_to_write(market.market)


async def test_a_cursor_goes_on_where_it_ended(market: ClockedMarket) -> None:
    await contested(market, requests=3)
    await market.reach_cutoff()
    await market.reach_cutoff()
    whole = await feed(market)
    first = await market.read(VENDOR, "/events", limit=2)
    rest = await market.read(VENDOR, "/events", cursor=first["next"])
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None
    later = await market.read(VENDOR, "/events", cursor=rest["resume"])
    assert (later["items"], later["resume"]) == ([], rest["resume"])
    assert problem(await market.ask(VENDOR, "/events", cursor="WyJhIl0")) == (400, "invalid-cursor")


@pytest.mark.on_postgresql
async def test_vendors_told_at_once_get_numbers_without_a_gap(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR), a_vendor(market, VENDORS[1]))

    async def tell(subject: str) -> None:
        async with market.market.db.unit_of_work() as connection:
            about = EventData(request=subject)
            told: list[notices.About] = [(key.did, "fallback.made", about) for key in VENDORS[:2]]
            await notices.tell(connection, market.clock.now, told)

    await asyncio.gather(*(tell(str(number)) for number in range(8)))
    for key in VENDORS[:2]:
        assert sorted(one["data"]["request"] for one in await feed(market, key)) == list("01234567")
    numbers = [row[1] for row in (await market.contents())["events"]]
    assert sorted(numbers) == sorted([*range(1, 9)] * 2)


async def test_old_events_are_forgotten_and_cursors_still_hold(market: ClockedMarket) -> None:
    await contested(market, requests=3)
    await market.reach_cutoff()
    await market.reach_cutoff()
    before = await feed(market)
    resume = (await market.read(VENDOR, "/events"))["resume"]
    market.clock.advance(notices.KEEP_SECONDS + 86_400)
    await notices.purge(market.market)
    assert await feed(market) == before[-1:], "the newest keeps the number"
    async with market.market.db.unit_of_work() as connection:
        about = EventData(day=DAY)
        await notices.tell(connection, market.clock.now, [(VENDOR.did, "fallback.made", about)])
    (new,) = await feed(market, cursor=resume)
    assert new["data"] == {"day": DAY}
    assert new["id"] not in {one["id"] for one in before}
