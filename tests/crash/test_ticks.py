"""A tick whose process is killed, at whatever point, ends as an undisturbed one; many at once make one tick."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import crypto
from marketplace.runs import service as runs
from tests.crash.scene import (
    VENDORS,
    a_day,
    only,
    reply_key,
    rows_after_a_kill,
    rows_after_a_race,
    rows_of,
)
from tests.support import ClockedMarket, a_decline, an_acceptance
from tests.support.clock import seconds
from tests.support.databases import NewDatabase

POINTS = [
    "opened",
    "leased",
    "displaced",
    "tick-freezing",
    "tick-frozen",
    "tick-read",
    "tick-matched",
    "tick-outcome-written",
    "tick-resolving",
    "tick-resolved",
    "tick-publishing",
    "tick-published",
    "item-begun",
    "item-done",
    "item-settled",
    "announcing",
    "announced",
]
"""Every point that a tick passes, in order; `displaced`, `-ing` and `-written` are inside a transaction."""

TABLES = (
    "runs",
    "run_bids",
    "requests",
    "bids",
    "awards",
    "unfilled",
    "assignments",
    "assignment_answers",
    "announcements",
    "ticks",
    "displaced",
    "tick_places",
    "roll_overs",
    "evidence",
    "outbox",
    "log_waiting",
)
UNEVEN = {
    "runs": {"epoch", "lease_until"},
    "ticks": {"epoch", "lease_until"},
    "announcements": {"instant"},
    "outbox": {"run_at"},
}
"""What tells how often somebody began, and when."""


@asynccontextmanager
async def a_due_tick(home: Path, url: str) -> AsyncIterator[ClockedMarket]:
    """A market at a tick instant: of its assignments some are accepted, some declined, some not answered."""
    async with a_day(home, url, roll_over=True) as market:
        await runs.close_days(market.market)
        (day,) = [run["day"] for run in await market.items("/runs") if run["report"]["assigned"]]
        given = await market.items(f"/runs/{day}/assignments")
        assert len(given) > 6
        due = seconds(given[0]["accept_by"])
        market.clock.set(due - 60)
        keys = {key.did: key for key in VENDORS}
        for number, one in enumerate(given):
            key, digest = keys[one["vendor"]], crypto.digest(one)
            if number % 3 == 0:
                key_of = reply_key(100 + number)
                await market.store(an_acceptance(market, key, digest, message_key=key_of))
            elif number % 3 == 1:
                await market.store(a_decline(market, key, digest))
        market.clock.set(due)
        yield market


async def tick_rows(market: ClockedMarket) -> dict[str, Any]:
    """What is stored of the tick and all that it touches."""
    return await rows_of(market, TABLES, UNEVEN)


KNOWN: dict[str, dict[str, Any]] = {}
"""The undisturbed rows by kind of database: the scene is the same to the byte each time."""


@pytest.fixture
async def undisturbed(tmp_path: Path, new_database: NewDatabase) -> dict[str, Any]:
    url = new_database()
    kind = url.partition(":")[0]
    if kind in KNOWN:
        return KNOWN[kind]
    async with a_due_tick(tmp_path / "undisturbed", url) as market:
        passed: list[str] = []
        await runs.close_days(market.market, reach=passed.append)
        assert set(passed) >= set(POINTS)
        rows = await tick_rows(market)
        (tick,) = [row for row in rows["ticks"] if row[2] is not None and row[3] == "announced"]
        assert tick[2] == 1
        reasons = {row[6] for row in rows["displaced"]}
        assert reasons == {"declined", "timed-out"}
        KNOWN[kind] = rows
        return rows


@pytest.mark.on_postgresql
@pytest.mark.parametrize("point", only("displaced", POINTS))
async def test_killed_and_started_again(
    point: str, tmp_path: Path, new_database: NewDatabase, undisturbed: dict[str, Any]
) -> None:
    place = (tmp_path / "market", new_database())
    assert await rows_after_a_kill(a_due_tick, tick_rows, *place, point) == undisturbed


@pytest.mark.long
async def test_eight_at_once_and_one_that_wakes_past_its_lease(
    tmp_path: Path, new_database: NewDatabase, undisturbed: dict[str, Any]
) -> None:
    place = (tmp_path / "market", new_database())
    before, after = await rows_after_a_race(a_due_tick, tick_rows, *place, "tick-matched")
    assert after == before == undisturbed
