"""A run whose process is killed, at whatever point, ends as an undisturbed one; eight at once make one run."""

from pathlib import Path
from typing import Any

import pytest

from marketplace.runs import service as runs
from tests.crash.scene import (
    CUSTOMERS,
    VENDORS,
    a_day,
    only,
    rows_after_a_kill,
    rows_after_a_race,
    rows_of,
)
from tests.support import ClockedMarket
from tests.support.databases import NewDatabase

POINTS = [
    "opening",
    "opened",
    "leased",
    "collected",
    "logged",
    "requests-taken",
    "log-appended",
    "freezing",
    "frozen",
    "read",
    "matched",
    "outcome-written",
    "resolving",
    "resolved",
    "publishing",
    "published",
    "item-begun",
    "item-done",
    "item-settled",
    "announcing",
    "announced",
]
"""Every point that a run passes, in order; `-ing` and `-written` are inside a transaction."""

RUN_TABLES = (
    "runs",
    "run_requests",
    "run_preferences",
    "run_places",
    "awards",
    "unfilled",
    "assignments",
    "outbox",
    "log_waiting",
    "log_leaves",
    "log_tiles",
    "log_checkpoints",
)
UNEVEN = {
    "runs": {"epoch", "lease_until"},
    "outbox": {"run_at"},
    "log_checkpoints": {"published_at"},
}
"""What tells how often somebody began, and when."""


async def run_rows(market: ClockedMarket) -> dict[str, Any]:
    """What is stored of all runs, but for how often somebody began."""
    return await rows_of(market, RUN_TABLES, UNEVEN)


KNOWN: dict[str, dict[str, Any]] = {}
"""The undisturbed rows by kind of database: the scene is the same to the byte each time."""


@pytest.fixture
async def undisturbed(tmp_path: Path, new_database: NewDatabase) -> dict[str, Any]:
    url = new_database()
    kind = url.partition(":")[0]
    if kind in KNOWN:
        return KNOWN[kind]
    async with a_day(tmp_path / "undisturbed", url) as market:
        passed: list[str] = []
        await runs.close_days(market.market, reach=passed.append)
        assert set(passed) == set(POINTS)
        rows = await run_rows(market)
        assert len(rows["awards"]) == len(rows["assignments"]) > len(VENDORS)
        assert len(rows["run_preferences"]) == 1
        assert len(rows["awards"]) + len(rows["unfilled"]) == len(CUSTOMERS)
        KNOWN[kind] = rows
        return rows


@pytest.mark.parametrize("point", only("outcome-written", POINTS))
async def test_killed_and_started_again(
    point: str, tmp_path: Path, new_database: NewDatabase, undisturbed: dict[str, Any]
) -> None:
    place = (tmp_path / "market", new_database())
    assert await rows_after_a_kill(a_day, run_rows, *place, point) == undisturbed


@pytest.mark.long
async def test_eight_at_once_and_one_that_wakes_past_its_lease(
    tmp_path: Path, new_database: NewDatabase, undisturbed: dict[str, Any]
) -> None:
    place = (tmp_path / "market", new_database())
    before, after = await rows_after_a_race(a_day, run_rows, *place, "matched")
    assert after == before == undisturbed
