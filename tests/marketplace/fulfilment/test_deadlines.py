"""What becomes of an accepted assignment when one side says nothing: at batch instants, once."""

import pytest

import crypto
from marketplace.descriptor import service as descriptor
from marketplace.fulfilment import deadlines
from marketplace.runs import snapshot
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import accept, assignments
from tests.marketplace.fulfilment.scenes import (
    OWNER,
    VENDOR,
    Given,
    delivered,
    delivery,
    events,
    evidence,
    given,
    pass_time,
    shipped,
)
from tests.marketplace.verify.days import bundle_of, faults
from tests.support import (
    ClockedMarket,
    a_bid,
    a_cancellation,
    a_confirmation,
    a_disclosure,
    a_key,
    a_place,
    a_request,
    a_vendor,
    a_vendor_cancellation,
    assert_refused,
)

LEAD = 24
GRACE = 24
WEEKS = 14 * 24


async def units(market: ClockedMarket) -> tuple[int, int]:
    """How many of the vendor's units of the date are awarded, and how many of these are free again."""
    found = []
    async with market.market.db.snapshot() as connection:
        for part in (snapshot.awarded_on("2026-11-21"), snapshot.freed_on("2026-11-21")):
            rows = (await connection.execute(part.select())).all()
            found.append(sum(row.units for row in rows if row.vendor == VENDOR.did))
    return found[0], found[1]


@pytest.mark.on_postgresql
async def test_nobody_says_whom_to_deliver_to(market: ClockedMarket) -> None:
    one = await given(market)
    before = await evidence(market)
    await pass_time(market, 22)
    assert (await delivery(market))["state"] == "accepted"
    assert await units(market) == (1, 0)
    await pass_time(market, 2)
    lapsed = await delivery(market)
    assert (lapsed["state"], lapsed["ended_at"] is None) == ("lapsed", False)
    assert await units(market) == (1, 1)
    assert (await events(market))[-1] == "delivery.lapsed"
    assert await evidence(market) == before, "nobody failed"
    word = a_disclosure(market, OWNER, one.request, one.assignment)
    await assert_refused(market, market.send(word), 409, "delivery-ended")


async def test_told_a_moment_before_the_deadline(market: ClockedMarket) -> None:
    """Whatever was posted in time counts, though the batch comes later."""
    one = await given(market)
    market.clock.advance(24 * 3600 - 1)
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment))
    await market.publish()
    found = await delivery(market)
    assert (found["state"], found["disclosed_at"] is None) == ("accepted", False)


async def test_told_a_moment_after_the_deadline(market: ClockedMarket) -> None:
    """Not even before anybody has acted on it."""
    one = await given(market)
    market.clock.advance(24 * 3600)
    word = a_disclosure(market, OWNER, one.request, one.assignment)
    await assert_refused(market, market.send(word), 409, "delivery-ended")


async def test_in_time_speaks_for_the_vendor(market: ClockedMarket) -> None:
    word = shipped(market, await delivered(market))
    market.clock.advance(LEAD * 3600)
    await market.store(word)
    assert (await evidence(market))[word.digest] is True


async def test_late_speaks_against_it(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = shipped(market, one)
    await pass_time(market, LEAD)
    await market.store(word)
    assert (await evidence(market))[word.digest] is False
    assert (await delivery(market))["state"] == "ready"
    before = await evidence(market)
    await market.store(a_vendor_cancellation(market, VENDOR, one.request, one.assignment))
    assert await evidence(market) == before, "no delivery speaks against its vendor twice"


async def test_a_vendor_that_never_ships(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, LEAD + GRACE - 2)
    assert not (await delivery(market))["overdue"]
    await pass_time(market, 2)
    found = await delivery(market)
    assert (found["overdue"], found["state"], found["ended_at"]) == (True, "accepted", None)
    assert (await evidence(market))[one.assignment] is False
    assert (await events(market))[-1] == "delivery.overdue"
    logged = repr((await market.contents())["log_waiting"])
    assert one.assignment in logged, "no evidence without a leaf"
    before = await evidence(market)
    await market.store(shipped(market, one))
    assert await evidence(market) == before, "no delivery speaks against its vendor twice"
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment))
    await market.publish()
    assert (await delivery(market))["state"] == "received"


async def test_a_vendor_that_was_told_wrong_has_its_time_anew(market: ClockedMarket) -> None:
    """A first Disclosure that opens to nothing makes nobody late."""
    one = await delivered(market)
    first = (await delivery(market))["ship_by"]
    await pass_time(market, LEAD + GRACE - 2)
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment, seq=2))
    await market.publish()
    assert (await delivery(market))["ship_by"] > first
    word = shipped(market, one)
    await pass_time(market, LEAD - 2)
    await market.store(word)
    assert (await evidence(market))[word.digest] is True
    shipped_by = (await delivery(market))["ship_by"]
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment, seq=3))
    await market.publish()
    assert (await delivery(market))["ship_by"] == shipped_by


async def test_an_overdue_vendor_has_no_time_anew(market: ClockedMarket) -> None:
    """Its customer can pardon nothing by telling it again."""
    one = await delivered(market)
    await pass_time(market, LEAD + GRACE)
    before = await delivery(market)
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment, seq=2))
    await market.publish()
    assert await delivery(market) == before


async def test_a_vendor_that_cancels_when_it_is_overdue(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, LEAD + GRACE)
    before = await evidence(market)
    await market.store(a_vendor_cancellation(market, VENDOR, one.request, one.assignment))
    assert await evidence(market) == before
    assert (await delivery(market))["state"] == "vendor-cancelled"


async def closed(market: ClockedMarket, one: Given, state: str) -> None:
    found = await delivery(market)
    assert (found["state"], found["ended_at"] is None) == (state, False)
    assert (await events(market))[-1] == "delivery.closed"
    word = a_confirmation(market, OWNER, one.request, one.assignment, seq=9)
    await assert_refused(market, market.send(word), 409, "delivery-ended")


async def test_a_customer_who_never_says_whether_it_came(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(shipped(market, one))
    await pass_time(market, WEEKS - 2)
    assert (await delivery(market))["state"] == "ready"
    await pass_time(market, 2)
    await closed(market, one, "closed")


async def test_nobody_ever_says_anything_again(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, LEAD + GRACE)
    await pass_time(market, WEEKS)
    await closed(market, one, "closed")


async def test_what_never_came_stays_so_in_the_end(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(shipped(market, one))
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment, received=False))
    await pass_time(market, WEEKS)
    await closed(market, one, "not-received")


async def test_settling_again_changes_nothing(market: ClockedMarket) -> None:
    """A job that was woken twice, or killed."""
    await delivered(market)
    await pass_time(market, LEAD + GRACE)
    before = await market.contents()
    assert not await deadlines.is_due(market.market)
    await deadlines.settle(market.market)
    assert await market.contents() == before


async def test_what_is_freed_the_date_s_next_run_gives_away(open_market: OpenMarket) -> None:
    """But no tick of the run that gave it: what a tick decides from follows from its own day."""
    market = await open_market(
        schedule={"cutoffs": ("12:00", "18:00"), "minimum_open_minutes": 0, "bids_close_minutes": 0}
    )
    await descriptor.announce(market.market)
    vendor = a_vendor(market, VENDOR, places=(a_place(capacity=1),))
    posted = [a_request(market, key) for key in (OWNER, a_key("later"), a_key("too late"))]
    await market.store(vendor, posted[0])
    await market.publish()
    await market.store(a_bid(market, VENDOR, posted[0]))
    first = await market.reach_cutoff(posted[0])
    [assigned] = await assignments(market, day=first)
    await accept(market, assigned)
    digest = crypto.digest(assigned)
    await market.store(*posted[1:], a_cancellation(market, OWNER, posted[0], digest))
    await market.publish()
    await market.store(*(a_bid(market, VENDOR, request) for request in posted[1:]))
    second = await market.reach_cutoff(posted[1])
    assert second == f"{first}#2"
    assert len(await assignments(market, day=second)) == 1
    assert faults(await bundle_of(market, second)) == []
