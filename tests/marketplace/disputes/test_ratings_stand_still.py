"""While a dispute is open, nobody loses the time to rate and nothing is opened; who loses it rates in vain."""

from typing import Any, Literal

import msgspec
import pytest

from marketplace.disputes import service as disputes
from marketplace.ratings import service as ratings
from tests.marketplace.disputes.test_disputes import replied, said
from tests.marketplace.fulfilment.scenes import OWNER, VENDOR, Given, delivered
from tests.marketplace.ratings.test_ratings import evidence, says, says_back, shown
from tests.support import ClockedMarket, assert_refused
from vrm.documents import Reveal, Ruling, read

DAY = 86_400


@pytest.fixture
async def lite(sqlite_market: ClockedMarket) -> ClockedMarket:
    """An empty market on SQLite."""
    await sqlite_market.reset()
    return sqlite_market


async def wait(market: ClockedMarket, days: int) -> None:
    """Let days go by, less the hours that publications took."""
    market.clock.advance(days * DAY)
    await market.publish()
    await ratings.reveal(market.market)


async def decide(
    market: ClockedMarket, one: Given, finds_for: Literal["customer", "vendor", "neither"]
) -> str:
    wire = await disputes.rule(market.market, one.assignment, finds_for, "As it was agreed.")
    return read(wire, Ruling).digest


@pytest.mark.on_postgresql
async def test_the_clock_of_ratings_stands_still(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(says(market, one))
    await market.publish()
    await wait(market, 10)
    await market.store(said(market, one))
    await market.publish()
    await wait(market, 20)
    assert await shown(market, one) == [], "the fourteen days are not over while it is disputed"
    await decide(market, one, "neither")
    await wait(market, 3)
    assert await shown(market, one) == []
    back = says_back(market, one)
    await market.store(back)
    await wait(market, 1)
    [view] = await shown(market, one)
    assert view["by_vendor"]["rating"]["digest"] == back.digest


async def test_it_goes_on_where_it_stood(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(says(market, one))
    await market.publish()
    await wait(market, 10)
    await market.store(replied(market, one))
    await wait(market, 20)
    await decide(market, one, "customer")
    await wait(market, 5)
    [view] = await shown(market, one)
    assert view["by_vendor"] is None
    assert len(await evidence(market)) == 1


async def test_a_dispute_opened_to_keep_a_bad_rating_hidden(lite: ClockedMarket) -> None:
    """Where nobody decides, the clock goes on by itself, and a later ruling cannot reach what is open."""
    market = lite
    one = await delivered(market)
    await market.store(says(market, one, stars=1))
    await market.publish()
    await wait(market, 10)
    await market.store(replied(market, one, text="x"))
    await wait(market, 33)
    assert await shown(market, one) == [], "four of the fourteen days were left"
    await wait(market, 2)
    [view] = await shown(market, one)
    [(_, good)] = await evidence(market)
    assert not good
    await decide(market, one, "vendor")
    await wait(market, 1)
    assert await shown(market, one) == [view]
    assert len(await evidence(market)) == 1
    await assert_refused(market, market.send(says_back(market, one)), 409, "ratings-closed")


async def test_a_ruling_before_what_nobody_decided_is_open_counts(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(says(market, one, stars=1))
    await market.publish()
    await market.store(replied(market, one))
    await wait(market, 31)
    ruling = await decide(market, one, "vendor")
    await wait(market, 12)
    assert await shown(market, one) == []
    await wait(market, 1)
    [view] = await shown(market, one)
    assert view["reveal"]["void_by"] == ruling


async def test_what_both_said_in_a_dispute_that_nobody_decides(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(replied(market, one))
    await market.store(says(market, one, stars=1), says_back(market, one))
    await wait(market, 29)
    assert await shown(market, one) == []
    await wait(market, 1)
    assert len(await shown(market, one)) == 1


async def test_a_rating_given_in_a_dispute_waits_for_the_other_from_its_end_on(
    lite: ClockedMarket,
) -> None:
    """No longer: what went before the rating is no time that the other lost."""
    market = lite
    one = await delivered(market)
    await market.store(replied(market, one))
    await wait(market, 20)
    await market.store(says(market, one))
    await wait(market, 1)
    await decide(market, one, "neither")
    await wait(market, 13)
    assert await shown(market, one) == []
    await wait(market, 1)
    assert len(await shown(market, one)) == 1


async def test_nobody_rates_to_see_the_other_s_before_the_decision(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(said(market, one))
    await market.publish()
    await market.store(says(market, one), says_back(market, one))
    await wait(market, 1)
    assert await shown(market, one) == []
    await decide(market, one, "neither")
    await wait(market, 0)
    assert len(await shown(market, one)) == 1


@pytest.mark.parametrize("finds_for", ["customer", "vendor"])
async def test_a_rating_by_the_side_that_lost_weighs_nothing(
    lite: ClockedMarket, finds_for: Literal["customer", "vendor"]
) -> None:
    market = lite
    one = await delivered(market)
    await market.store(says(market, one, stars=1), said(market, one))
    await market.publish()
    ruling = await decide(market, one, finds_for)
    await market.store(says_back(market, one))
    await wait(market, 1)
    [view] = await shown(market, one)
    assert view["by_customer"]["stars"] == 1, "it is shown all the same"
    reveal = read(msgspec.json.encode(view["reveal"]), Reveal).body
    if finds_for == "vendor":
        assert reveal.void_by == ruling
        assert await evidence(market) == []
    else:
        assert not reveal.void_by
        [(_, good)] = await evidence(market)
        assert not good


async def test_a_dispute_opened_once_the_ratings_are(lite: ClockedMarket) -> None:
    """Who is rated badly cannot make it void afterwards."""
    market = lite
    one = await delivered(market)
    await market.store(says(market, one, stars=1), says_back(market, one))
    await market.publish()
    for late in (said(market, one), replied(market, one)):
        await assert_refused(market, market.send(late), 409, "dispute-too-late")


async def test_a_dispute_does_not_tell_whether_the_other_has_rated(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    answers: list[Any] = []
    for rated in (False, True):
        if rated:
            await market.store(says(market, one))
            await market.publish()
        answer = await market.read(VENDOR, "/vendors/self/disputes")
        answers.append(answer)
    assert answers[0] == answers[1]
    assert OWNER.did not in repr(answers)
