"""An operator lies about what vendors answered and what became of it; see `test_tampering`."""

import pytest

import crypto
from marketplace.descriptor import service as descriptor
from tests.marketplace.cascade.scenes import DAY, accept, assignments, contested, decline
from tests.marketplace.verify.days import bundle_of
from tests.marketplace.verify.forging import Forgery, is_named
from tests.support import ClockedMarket
from tests.support.clock import seconds


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


async def test_tick_that_displaces_an_accepted_assignment(market: ClockedMarket) -> None:
    await contested(market)
    await descriptor.announce(market.market)
    await market.reach_cutoff()
    await market.reach_cutoff()
    (given,) = await assignments(market)
    await accept(market, given)
    held = (await market.contents())["assignment_answers"]
    await market.execute("DELETE FROM assignment_answers")
    await market.reach_tick(seconds(given["accept_by"]))
    await market.execute(
        "INSERT INTO assignment_answers VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i)",
        **dict(zip("abcdefghi", held[0], strict=True)),
    )
    bundle = await bundle_of(market, DAY)
    assert is_named(bundle, "tick 1", given["request"], "its vendor accepted it")


async def test_time_taken_from_a_vendor(market: ClockedMarket) -> None:
    """A tick displaces what has time left."""
    await contested(market)
    await descriptor.announce(market.market)
    await market.reach_cutoff()
    await market.reach_cutoff()
    (given,) = await assignments(market)
    await market.execute("UPDATE assignments SET accept_by = accept_by - 3600")
    await market.execute("UPDATE ticks SET instant = instant - 3600")
    await market.reach_tick(seconds(given["accept_by"]) - 3600)
    bundle = await bundle_of(market, DAY)
    assert is_named(bundle, "tick 1", given["request"], "its time runs out at")


async def test_time_out_passed_over_for_a_friend(market: ClockedMarket) -> None:
    await contested(market, requests=2)
    await descriptor.announce(market.market)
    await market.reach_cutoff()
    await market.reach_cutoff()
    given = await assignments(market)
    await market.execute(
        "UPDATE assignments SET accept_by = accept_by + 90000 WHERE request = :r",
        r=given[0]["request"],
    )
    await market.reach_tick(seconds(given[0]["accept_by"]))
    bundle = await bundle_of(market, DAY)
    assert is_named(bundle, "ticks", crypto.digest(given[0]), "no tick matched its request again")


async def test_unit_given_back_that_was_burnt(market: ClockedMarket) -> None:
    await contested(market)
    await descriptor.announce(market.market)
    await market.reach_cutoff()
    await market.reach_cutoff()
    (given,) = await assignments(market)
    await decline(market, given)
    await market.reach_tick()
    forgery = Forgery(await bundle_of(market, DAY))
    (left,) = [line for line in forgery.of("left") if line["vendor"] == given["vendor"]]
    left["units"] += 1
    found = is_named(forgery.pack(), "tick 1", given["vendor"], "8 is stated, 7 is right")
    assert found
