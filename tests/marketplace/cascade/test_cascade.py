"""What becomes of a day's assignments: accepted, declined, not answered, given to the next."""

from typing import Any

import pytest

import crypto
from marketplace.runs import service as runs
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import (
    DAY,
    DIDS,
    VENDORS,
    a_day,
    accept,
    assignment,
    assignments,
    contested,
    decline,
    own,
)
from tests.support import ClockedMarket, a_bid, a_capacity, a_request, a_vendor
from tests.support.clock import seconds
from vrm.documents import Acceptance, Assignment, Decline, TickReport, read


def signed(document: Any, kind: Any) -> Any:
    """A document out of an answer, verified."""
    return read(crypto.canonical.canonical(document), kind).body


async def test_an_accepted_assignment_stands(market: ClockedMarket) -> None:
    request = await a_day(market)
    given = await assignment(market)
    (listed,) = await own(market, VENDORS[0])
    assert (listed["state"], listed["digest"]) == ("waiting", crypto.digest(given))
    assert listed["answer_by"] == given["accept_by"] == "2026-11-22T17:00:00Z"
    await accept(market, given)
    await market.reach_tick(seconds(given["accept_by"]))
    assert await market.items(f"/runs/{DAY}/ticks") == []
    (listed,) = await own(market, VENDORS[0])
    assert listed["state"] == "accepted"
    (public,) = await market.items(f"/runs/{DAY}/acceptances")
    assert (public["request"], public["tick"]) == (request.digest, 0)
    assert signed(public["document"], Acceptance).assignment == crypto.digest(given)


async def test_a_declined_assignment_goes_to_the_next(market: ClockedMarket) -> None:
    request = await a_day(market)
    first = await assignment(market)
    market.clock.advance(100)
    await decline(market, first)
    assert (await own(market, VENDORS[0]))[0]["state"] == "declined"
    await market.reach_tick()
    second = signed(await assignment(market, 1), Assignment)
    assert (second.vendor, second.tick, second.rank, second.eligible) == (VENDORS[1].did, 1, 1, 3)
    assert second.bid == first["reserve"][0]
    assert second.accept_by == "2026-11-22T17:15:00Z"
    (tick,) = await market.items(f"/runs/{DAY}/ticks")
    assert (tick["instant"], tick["stage"]) == ("2026-11-21T17:15:00Z", "announced")
    report = signed(tick["report"], TickReport)
    counted = (report.declined, report.timed_out, report.assigned, report.unfilled)
    assert counted == (1, 0, 1, 0)
    (lost,) = await market.items(f"/runs/{DAY}/ticks/1/displaced")
    assert (lost["bid"], lost["reason"], lost["assigned_at"]) == (first["bid"], "declined", 0)
    assert signed(lost["decline"], Decline).vendor == VENDORS[0].did
    told = await market.get(f"/runs/{DAY}/requests/{request.digest}")
    (later,) = told["ticks"]
    assert (later["lost"], later["outcome"], later["tick"]) == ("declined", "assigned", 1)
    assert later["sentences"][0] == "Kinderladen Beispiel declined it."
    why = {one["vendor"]: one["why"] for one in later["candidates"]}
    assert why[VENDORS[0].did] == "declined"
    assert why[VENDORS[1].did] == "assigned"


async def test_a_tick_s_digests_pin_what_it_decided_from(market: ClockedMarket) -> None:
    await a_day(market)
    await decline(market, await assignment(market))
    await market.reach_tick()
    (tick,) = await market.items(f"/runs/{DAY}/ticks")
    part = f"/runs/{DAY}/ticks/1"
    lost, places = await market.items(f"{part}/displaced"), await market.items(f"{part}/places")
    inputs = {
        "displaced": [[one["request"], one["bid"], one["reason"]] for one in lost],
        "places": [[one["vendor"], one["place"], one["units"], one["leads"]] for one in places],
        "run": (await market.get(f"/runs/{DAY}"))["report"]["inputs"],
    }
    assert tick["report"]["inputs"] == crypto.digest(inputs)
    assert {(one["vendor"], one["units"]) for one in places} == {
        (key.did, 7 if key is VENDORS[0] else 8) for key in VENDORS
    }
    a = await assignment(market, 1)
    award = [a["request"], a["bid"], a["rank"], a["eligible"], "".join(a["reserve"])]
    outcome = {"awards": [award], "fallbacks": [], "unfilled": []}
    assert tick["report"]["outcome"] == crypto.digest(outcome)


async def test_a_vendor_that_does_not_answer_loses_it_at_the_instant(market: ClockedMarket) -> None:
    await a_day(market)
    given = await assignment(market)
    by = seconds(given["accept_by"])
    await market.reach_tick(by - 1)
    assert await market.items(f"/runs/{DAY}/ticks") == []
    await market.reach_tick(by)
    assert (await own(market, VENDORS[0]))[0]["state"] == "timed-out"
    assert (await assignment(market, 1))["vendor"] == VENDORS[1].did
    evidence = {row[1]: row[-1] for row in (await market.contents())["evidence"]}
    assert evidence == {VENDORS[0].did: False}


@pytest.mark.on_postgresql
async def test_a_cascade_goes_down_the_whole_reserve_and_ends(market: ClockedMarket) -> None:
    request = await a_day(market)
    for tick, key in enumerate(VENDORS):
        given = await assignment(market, tick)
        assert given["vendor"] == key.did
        await decline(market, given)
        await market.reach_tick()
    (left,) = await market.items(f"/runs/{DAY}/ticks/4/unfilled")
    assert (left["request"], left["reason"]) == (request.digest, "none-eligible")
    assert await assignments(market, 4) == []
    assert not await runs.work_is_due(market.market)
    told = await market.get(f"/runs/{DAY}/requests/{request.digest}")
    assert [one["outcome"] for one in told["ticks"]] == ["assigned"] * 3 + ["unfilled"]


@pytest.mark.on_postgresql
async def test_a_declined_unit_is_burnt_for_the_date(market: ClockedMarket) -> None:
    """Two requests, one unit everywhere: what the first vendor declines does not free it for the other."""
    await contested(market, requests=5, units=1)
    await market.reach_cutoff()
    await market.reach_cutoff()
    given = await assignments(market)
    assert len(given) == 4
    await decline(market, given[0])
    await market.reach_tick()
    assert await assignments(market, 1) == []
    (left,) = await market.items(f"/runs/{DAY}/ticks/1/unfilled")
    assert left["reason"] == "capacity"


async def test_a_later_run_of_the_date_counts_what_ticks_gave(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"cutoffs": ("12:00", "18:00"), "minimum_open_minutes": 0})
    first, later = a_request(market, policy="lowest-price"), a_request(market)
    await market.store(*(a_vendor(market, key) for key in VENDORS), first)
    await market.publish()
    for number, key in enumerate(VENDORS):
        await market.store(a_capacity(market, key, "2026-11-20", 1))
        await market.store(a_bid(market, key, first, price={"amount": 20_000 + number}))
    morning = await market.reach_cutoff(first)
    (given,) = await assignments(market, day=morning)
    await decline(market, given)
    await market.reach_tick()
    (given,) = await assignments(market, 1, morning)
    assert given["vendor"] == VENDORS[1].did
    await market.store(later)
    await market.publish()
    await market.store(*(a_bid(market, key, later) for key in VENDORS))
    evening = await market.reach_cutoff(later)
    assert (morning, evening) == ("2026-11-20", "2026-11-20#2")
    units = {one["vendor"]: one["units"] for one in await market.items(f"/runs/{evening}/places")}
    # The first has declined and the second is to answer: each takes the one unit of its place.
    assert units == {key.did: int(number > 1) for number, key in enumerate(VENDORS)}
    (given,) = await assignments(market, day=evening)
    third = DIDS[given["vendor"]]
    assert third in VENDORS[2:]
    # The other way round: what the evening gave is no more there for the morning's next tick.
    (given,) = await assignments(market, 1, morning)
    await decline(market, given)
    await market.reach_tick()
    left = await market.items(f"/runs/{morning}/ticks/2/places")
    assert [one["vendor"] for one in left if one["units"]] == [
        key.did for key in VENDORS[2:] if key is not third
    ]


async def test_less_time_where_the_need_is_near(market: ClockedMarket) -> None:
    await a_day(market, needed_by="2026-11-21T20:00:00Z")
    assert (await assignment(market))["accept_by"] == "2026-11-21T18:30:00Z"


async def test_nobody_else_gets_what_was_needed_before(market: ClockedMarket) -> None:
    request = await a_day(market, needed_by="2026-11-21T17:15:00Z")
    given = await assignment(market)
    assert given["accept_by"] == "2026-11-21T17:15:00Z"  # never less than a tick
    await market.reach_tick(seconds(given["accept_by"]))
    (left,) = await market.items(f"/runs/{DAY}/ticks/1/unfilled")
    assert (left["request"], left["reason"]) == (request.digest, "too-late")
    told = await market.get(f"/runs/{DAY}/requests/{request.digest}")
    assert told["ticks"][0]["reason"] == "too-late"


async def test_a_market_that_was_down_takes_no_vendor_s_time(market: ClockedMarket) -> None:
    (request,) = await contested(market)
    late = seconds("2026-11-23T09:20:00Z")
    market.clock.set(late)
    await runs.close_days(market.market)
    given = await assignment(market)
    assert given["accept_by"] == "2026-11-22T17:00:00Z"  # as if it had been in time
    (listed,) = await own(market, VENDORS[0])
    assert listed["answer_by"] == "2026-11-24T09:15:00Z"
    await market.reach_tick(seconds(listed["answer_by"]) - 1)
    assert await market.items(f"/runs/{DAY}/ticks") == []
    await accept(market, given)
    await market.reach_tick(seconds(listed["answer_by"]))
    assert await market.items(f"/runs/{DAY}/ticks") == []
    assert request.digest == given["request"]


async def test_missed_ticks_are_caught_up_in_order(open_market: OpenMarket) -> None:
    """One market ticks in time, the other looks again only hours later: the same ticks at the same instants."""
    found = []
    for steps in ([0, 900, 1800, 2700, 3600], [3600]):
        market = await open_market()
        requests = await contested(market, requests=3)
        await market.reach_cutoff(requests[0])
        start = market.clock.now
        waiting = list(steps)
        by_request = sorted(await assignments(market), key=lambda one: one["amount"])
        for number, given in enumerate(by_request):
            market.clock.set(start + 1000 * number + 5)
            while waiting and start + waiting[0] <= market.clock.now:
                waiting.pop(0)
                await runs.close_days(market.market)
            await decline(market, given)
        market.clock.set(start + 3600)
        await runs.close_days(market.market)
        ticks = await market.items(f"/runs/{DAY}/ticks")
        found.append([(one["tick"], one["instant"], one["report"]["declined"]) for one in ticks])
    assert found[0] == found[1]
    assert len(found[0]) == 3


async def test_the_list_of_a_vendor_follows_the_announcements(market: ClockedMarket) -> None:
    """What a tick of an older day gives comes behind what a newer day's run gave."""
    first = await a_day(market)
    newer = a_request(market, policy="lowest-price")
    await market.store(newer)
    await market.publish()
    await market.store(a_bid(market, VENDORS[1], newer))
    await market.reach_cutoff(newer)
    page = await market.read(VENDORS[1], "/vendors/self/assignments")
    seen = [one["assignment"]["request"] for one in page["items"]]
    (tick,) = await market.items(f"/runs/{DAY}/ticks")
    assert tick["report"]["timed_out"] == 1
    assert sorted(seen) == sorted([first.digest, newer.digest])
    assert page["next"] is None


@pytest.mark.on_postgresql
async def test_a_capacity_that_changes_after_the_freeze_is_no_matter(market: ClockedMarket) -> None:
    await a_day(market, units=1)
    await market.execute("UPDATE capacities SET units = 9")
    await decline(market, await assignment(market))
    await market.reach_tick()
    left = await market.items(f"/runs/{DAY}/ticks/1/places")
    assert {one["vendor"]: one["units"] for one in left} == {
        key.did: int(key is not VENDORS[0]) for key in VENDORS
    }
