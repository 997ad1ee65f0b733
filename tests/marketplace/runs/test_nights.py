"""One run for each cutoff in the nights when the clocks change, and where two cutoffs meet."""

from datetime import date, timedelta

import pytest

from marketplace.runs import service as runs
from tests.conftest import OpenMarket
from tests.support import a_request
from tests.support.clock import seconds

NIGHTS = [
    ("Europe/Vienna", "2026-03-29"),
    ("Europe/Vienna", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
]
CUTOFFS = {
    "night": ("01:30", "02:30"),
    "evening": ("18:00",),
    # Where 02:30 does not exist, it falls on 03:30: two cutoffs, one instant.
    "meeting": ("02:30", "03:30"),
}


@pytest.mark.on_postgresql
@pytest.mark.parametrize(("zone", "night"), NIGHTS)
@pytest.mark.parametrize("cutoffs", CUTOFFS)
async def test_one_run_for_each_cutoff(
    open_market: OpenMarket, zone: str, night: str, cutoffs: str
) -> None:
    day = date.fromisoformat(night)
    schedule = {"time_zone": zone, "cutoffs": CUTOFFS[cutoffs]}
    market = await open_market(start=f"{day - timedelta(days=1)}T12:00:00Z", schedule=schedule)
    await market.store(a_request(market))
    await market.publish()
    market.clock.set(seconds(f"{day + timedelta(days=2)}T12:00:00Z"))
    await runs.close_days(market.market)
    await runs.close_days(market.market)
    listed = [run for run in await market.items("/runs") if run["day"].startswith(night)]
    jumps = cutoffs == "meeting" and day.month == 3
    expected = 1 if jumps else len(CUTOFFS[cutoffs])
    names = [night, f"{night}#2"][:expected]
    assert [run["day"] for run in reversed(listed)] == names
    assert len({run["cutoff"] for run in listed}) == expected
    assert {run["stage"] for run in listed} == {"announced"}
