"""A run whose process is killed, at whatever point, ends as an undisturbed one; eight at once make one run."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest

import crypto
from marketplace.runs import service as runs
from marketplace.runs.lease import LEASE_SECONDS
from tests.support import (
    ClockedMarket,
    a_bid,
    a_key,
    a_preference,
    a_request,
    a_vendor,
    clocked_market,
)
from tests.support.databases import NewDatabase

POINTS = [
    "opening",
    "opened",
    "leased",
    "collected",
    "requests-taken",
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

QUICK = {"freezing", "outcome-written", "published"}
VENDORS = [a_key(f"vendor {number}") for number in range(3)]
CUSTOMERS = [a_key(f"customer {number}") for number in range(12)]
RUN_TABLES = (
    "runs",
    "run_requests",
    "run_preferences",
    "run_places",
    "awards",
    "unfilled",
    "assignments",
    "outbox",
)
PATIENCE = 60


def reply_key(number: int) -> str:
    """Always the same key for a number."""
    return crypto.ReplyKey.from_seed(bytes([number]) * 32).public.text


@asynccontextmanager
async def a_day(home: Path, url: str) -> AsyncIterator[ClockedMarket]:
    """A market at its cutoff, with contested requests, always the same to the byte."""
    async with clocked_market(home, url) as market:
        await market.store(*(a_vendor(market, key) for key in VENDORS))
        requests = [
            a_request(market, key, reply_key=reply_key(n)) for n, key in enumerate(CUSTOMERS)
        ]
        await market.store(*requests)
        await market.publish()
        for n, key in enumerate(VENDORS):
            bids = [a_bid(market, key, r, salt=f"{'A' * 20}{n}A") for r in requests[n:]]
            await market.send_batch(*bids)
        # It still waits when the day closes, so that the close itself must not lose it.
        last = a_preference(
            market, CUSTOMERS[-1], requests[-1], listed=(bids[-1].digest,), salt="A" * 22
        )
        market.clock.set("2026-11-21T16:30:00Z")
        await market.store(last)
        market.clock.set("2026-11-21T17:00:00Z")
        yield market


class Workers:
    """Processes at one market, whose clocks agree with that of the test."""

    def __init__(self, home: Path, url: str, market: ClockedMarket) -> None:
        self.arguments = [str(home), url]
        self.offset = market.clock.now - int(time.time()) + 60
        self.started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            process.kill()
            process.communicate()

    def start(self, *fate: str, later: int = 0) -> subprocess.Popen[bytes]:
        """Start a process; `later` seconds by its clock than others."""
        program = [sys.executable, "-m", "tests.crash.process"]
        process = subprocess.Popen(
            [*program, *self.arguments, str(self.offset + later), *fate],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process; one that fails of itself fails the test."""
    _, said = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
    assert process.returncode in {0, -signal.SIGKILL}, said.decode()
    return process.returncode


async def run_rows(market: ClockedMarket) -> dict[str, Any]:
    """What is stored of all runs, but for how often somebody began."""
    rows = await market.contents()
    at = {"runs": [0, 1, 2, 3, 4, 5, 8, 9]}  # all but epoch and lease
    return {
        name: [tuple(row[i] for i in at.get(name, range(len(row)))) for row in rows[name]]
        for name in RUN_TABLES
    }


@pytest.fixture
async def undisturbed(tmp_path: Path, new_database: NewDatabase) -> dict[str, Any]:
    async with a_day(tmp_path / "undisturbed", new_database()) as market:
        passed: list[str] = []
        await runs.close_days(market.market, reach=passed.append)
        assert set(passed) == set(POINTS)
        rows = await run_rows(market)
        assert len(rows["awards"]) == len(rows["assignments"]) > len(VENDORS)
        assert len(rows["run_preferences"]) == 1
        assert len(rows["awards"]) + len(rows["unfilled"]) == len(CUSTOMERS)
        return rows


@pytest.mark.parametrize(
    "point", [p if p in QUICK else pytest.param(p, marks=pytest.mark.long) for p in POINTS]
)
async def test_killed_and_started_again(
    point: str, tmp_path: Path, new_database: NewDatabase, undisturbed: dict[str, Any]
) -> None:
    url = new_database()
    home = tmp_path / "market"
    async with a_day(home, url) as market:
        with Workers(home, url, market) as workers:
            assert await ended(workers.start("SIGKILL", point)) == -signal.SIGKILL
            assert await ended(workers.start(later=LEASE_SECONDS)) == 0
            assert await run_rows(market) == undisturbed


@pytest.mark.long
async def test_eight_at_once_and_one_that_wakes_past_its_lease(
    tmp_path: Path, new_database: NewDatabase, undisturbed: dict[str, Any]
) -> None:
    url = new_database()
    home = tmp_path / "market"
    async with a_day(home, url) as market:
        with Workers(home, url, market) as workers:
            stopped = workers.start("SIGSTOP", "matched")
            await until(lambda: is_stopped(stopped))
            others = [workers.start(later=LEASE_SECONDS) for _ in range(7)]
            for other in others:
                assert await ended(other) == 0
            # Those who came while another was at it left; what they left is done by the next.
            assert await ended(workers.start(later=LEASE_SECONDS)) == 0
            before = await run_rows(market)
            os.kill(stopped.pid, signal.SIGCONT)
            assert await ended(stopped) == 0
            assert await run_rows(market) == before == undisturbed


def is_stopped(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process is stopped by a signal."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
