"""The public report of a day's unfilled demand."""

from collections import Counter
from typing import Any

import pytest

from marketplace.demand import repository, service
from marketplace.jobs import outbox
from marketplace.runs import service as runs
from tests.conftest import OpenMarket
from tests.support import (
    HERE,
    ClockedMarket,
    a_key,
    a_request,
    a_request_for,
    a_vendor,
    an_item,
    problem,
)
from vrm.documents.place import Point, cell_at, centre_of, resolution_of

FAR = Point(HERE.lat_e6 + 3_000_000, HERE.lng_e6)


@pytest.fixture
async def small(open_market: OpenMarket) -> ClockedMarket:
    """A market whose groups have at least three."""
    return await open_market(demand_minimum=3)


async def left_over(market: ClockedMarket, *wanted: tuple[str, Point]) -> str:
    """Let a day close on requests that nobody bids on; answers the day."""
    requests = [a_request(market, need={"category": c}, where=where) for c, where in wanted]
    await market.store(*requests)
    await market.publish()
    return await market.reach_cutoff(requests[0])


@pytest.mark.on_postgresql
async def test_what_a_day_left_over(small: ClockedMarket) -> None:
    day = await left_over(
        small,
        *[("baby", HERE)] * 4,
        *[("baby", FAR)] * 2,
        *[("books", HERE)] * 2,
        ("toys", FAR),
    )
    groups = await small.items(f"/runs/{day}/demand")
    area = cell_at(centre_of(cell_at(HERE, small.rules.cells.finest)), 5)
    assert groups == [
        {"category": None, "cell": None, "requests": 5},
        {"category": "baby", "cell": area, "requests": 4},
    ]
    assert groups == await small.items(f"/runs/{day}/demand", limit=1)
    assert resolution_of(area) == small.rules.demand.resolution


async def test_what_a_brand_ships_is_no_unfilled_demand(small: ClockedMarket) -> None:
    brand = a_key("brand")
    item = an_item(small, brand, authorised=())
    shipped = [a_request_for(small, item) for _ in range(4)]
    await small.store(a_vendor(small, brand), item, *shipped)
    await small.publish()
    day = await small.reach_cutoff(shipped[0])
    assert await small.items(f"/runs/{day}/demand") == []


async def test_a_group_under_k_that_subtraction_would_reveal(small: ClockedMarket) -> None:
    """All lists of a day together tell of no group of fewer than k which categories or areas it is of."""
    day = await left_over(small, *[("baby", HERE)] * 3, *[("books", HERE)] * 3, ("toys", FAR))
    groups = await small.items(f"/runs/{day}/demand")
    report = (await small.get(f"/runs/{day}"))["report"]
    told = Counter({(g["category"], g["cell"]): g["requests"] for g in groups})
    assert min(told.values()) >= 3
    assert sum(told.values()) == sum(report["unfilled"].values()) == 7
    assert "toys" not in {category for category, _ in told}


async def test_too_few_to_tell_of(small: ClockedMarket) -> None:
    day = await left_over(small, *[("baby", HERE)] * 2)
    assert await small.items(f"/runs/{day}/demand") == []


async def test_a_report_under_another_k_is_not_made(
    open_market: OpenMarket, small: ClockedMarket
) -> None:
    """The difference between the two would tell what neither may."""
    day = await left_over(small, *[("baby", HERE)] * 3, *[("books", HERE)] * 2)
    told = await small.items(f"/runs/{day}/demand")
    url = small.market.settings.database
    again = await open_market(database_url=url, demand_minimum=2)
    await runs.close_days(again.market)
    assert await again.items(f"/runs/{day}/demand") == told


async def test_a_report_that_is_not_made_yet(small: ClockedMarket) -> None:
    day = await left_over(small, *[("baby", HERE)] * 3)
    async with small.market.db.unit_of_work() as connection:
        await outbox.put(connection, service.KIND, [service.key_of(day)], run_at=0)
    answer = await small.http.get(f"/runs/{day}/demand")
    assert problem(answer) == (403, "not-yet-public")


async def test_a_report_of_many(small: ClockedMarket, monkeypatch: Any) -> None:
    monkeypatch.setattr(repository, "BLOCK", 2)
    day = await left_over(small, *[("baby", HERE)] * 5, *[("books", HERE)] * 4)
    groups = await small.items(f"/runs/{day}/demand")
    assert [(group["category"], group["requests"]) for group in groups] == [
        ("baby", 5),
        ("books", 4),
    ]


async def test_the_demand_of_an_unknown_run(market: ClockedMarket) -> None:
    assert problem(await market.http.get("/runs/2026-01-01/demand")) == (404, "unknown-run")
