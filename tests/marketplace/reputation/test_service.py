"""Evidence as the market keeps it: weighed when it comes, added up each night."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.models.reputation import Evidence, EvidenceDay
from marketplace.reputation import service as reputation
from marketplace.reputation.service import Piece
from tests.marketplace.cascade.scenes import VENDORS
from tests.support import ClockedMarket, a_vendor
from tests.support.clock import START, seconds
from vrm.documents.membership import Tier

BEGINNING = seconds(START)
DAY_SECONDS = 86_400


async def record(market: ClockedMarket, *pieces: Piece, good: bool = True) -> None:
    async with market.market.db.unit_of_work() as connection:
        today = market.market.calendar.local_date(await market.market.db.now(connection))
        await reputation.record(connection, pieces, today, good=good)


async def standings(market: ClockedMarket, today: date) -> dict[str, reputation.Standing]:
    async with market.market.db.snapshot() as connection:
        return await reputation.standings(connection, today, [key.did for key in VENDORS])


async def months_of_evidence(market: ClockedMarket) -> date:
    """Some for each vendor on ten days, by customers of every tier; answers the last date."""
    await market.store(*(a_vendor(market, key) for key in VENDORS))
    tiers: tuple[Tier | None, ...] = ("new", "known", "trusted", None)
    for day in range(0, 60, 6):
        market.clock.set(BEGINNING + day * DAY_SECONDS)
        for number, key in enumerate(VENDORS):
            pieces = [
                Piece(
                    *(f"{day} {number} {at}", key.did, "baby", 100 * (at + 1)),
                    tiers[(day + at) % 4],
                    directed=at == 5,
                )
                for at in range(6)
            ]
            await record(market, *pieces, good=bool((day + number) % 3))
    async with market.market.db.snapshot() as connection:
        return market.market.calendar.local_date(await market.market.db.now(connection))


@pytest.mark.on_postgresql
async def test_the_nightly_sums_and_the_evidence_since_give_what_all_evidence_gives(
    market: ClockedMarket,
) -> None:
    today = await months_of_evidence(market)
    before = await standings(market, today)
    await reputation.sum_up(market.market)
    assert (await market.contents())["evidence_days"]
    assert await standings(market, today) == before
    market.clock.set(BEGINNING + 90 * DAY_SECONDS)
    later = today + timedelta(days=31)
    aged = await standings(market, later)
    await reputation.sum_up(market.market)
    assert await standings(market, later) == aged != before


@pytest.mark.on_postgresql
async def test_a_sum_that_was_tampered_with_lasts_until_the_night(market: ClockedMarket) -> None:
    today = await months_of_evidence(market)
    right = await standings(market, today)
    await reputation.sum_up(market.market)
    await market.execute("UPDATE evidence_days SET good = good * 10")
    assert await standings(market, today) != right
    market.clock.set(BEGINNING + 61 * DAY_SECONDS)
    await reputation.sum_up(market.market)
    assert await standings(market, today) == right


@pytest.mark.on_postgresql
async def test_small_orders_weigh_little_once_their_category_has_a_history(
    market: ClockedMarket,
) -> None:
    await market.store(a_vendor(market, VENDORS[0]))
    history = [Piece(f"old {at}", VENDORS[0].did, "baby", 1000, "trusted") for at in range(20)]
    await record(market, *history)
    market.clock.set(BEGINNING + 14 * DAY_SECONDS)
    new = [
        Piece("small", VENDORS[0].did, "baby", 10, "trusted"),
        Piece("large", VENDORS[0].did, "baby", 50_000, "trusted"),
        Piece("elsewhere", VENDORS[0].did, "other", 10, "trusted"),
        Piece("its own word", VENDORS[0].did, "baby", 500),
    ]
    await record(market, *new)
    async with market.market.db.snapshot() as connection:
        rows = await connection.execute(select(Evidence.document, Evidence.weight))
        weights = {row.document: row.weight for row in rows}
    assert {weights[f"old {at}"] for at in range(20)} == {1000}
    found = [weights[piece.document] for piece in new]
    assert found == [10, 1000, 1000, 12]


async def test_sums_are_made_once_a_night(market: ClockedMarket) -> None:
    await months_of_evidence(market)
    await reputation.sum_up(market.market)
    await market.execute("DELETE FROM evidence_days")
    await reputation.sum_up(market.market)
    async with market.market.db.snapshot() as connection:
        assert not (await connection.execute(select(EvidenceDay))).all()
