"""A market day that processes work on and that are killed at it, or stopped, on the way."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest

import crypto
from marketplace.models import Base
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

VENDORS = [a_key(f"vendor {number}") for number in range(3)]
CUSTOMERS = [a_key(f"customer {number}") for number in range(12)]
PATIENCE = 300


def reply_key(number: int) -> str:
    """Always the same key for a number."""
    return crypto.ReplyKey.from_seed(bytes([number]) * 32).public.text


@asynccontextmanager
async def a_day(home: Path, url: str, **changes: Any) -> AsyncIterator[ClockedMarket]:
    """A market at its cutoff, with contested requests, always the same to the byte."""
    async with clocked_market(home, url) as market:
        await market.store(*(a_vendor(market, key) for key in VENDORS))
        requests = [
            a_request(market, key, reply_key=reply_key(n), **changes)
            for n, key in enumerate(CUSTOMERS)
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


async def rows_of(
    market: ClockedMarket, tables: Iterable[str], but: Mapping[str, set[str]]
) -> dict[str, Any]:
    """What is stored in some tables, without some of their columns."""
    rows = await market.contents()
    found = {}
    for name in tables:
        columns = [column.name for column in Base.metadata.tables[name].columns]
        kept = [at for at, column in enumerate(columns) if column not in but.get(name, set())]
        found[name] = [tuple(row[at] for at in kept) for row in rows[name]]
    return found


def is_stopped(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process is stopped by a signal."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


Scene = Callable[[Path, str], AbstractAsyncContextManager[ClockedMarket]]
Rows = Callable[[ClockedMarket], Awaitable[dict[str, Any]]]


def only(quick: str, points: Iterable[str]) -> list[Any]:
    """Parameters for all points; all but one are for the long tests."""
    return [p if p == quick else pytest.param(p, marks=pytest.mark.long) for p in points]


async def rows_after_a_kill(
    scene: Scene, rows: Rows, home: Path, url: str, point: str
) -> dict[str, Any]:
    """What is stored after one process was killed at a point, and another came."""
    async with scene(home, url) as market:
        with Workers(home, url, market) as workers:
            assert await ended(workers.start("SIGKILL", point)) == -signal.SIGKILL
            assert await ended(workers.start(later=LEASE_SECONDS)) == 0
            return await rows(market)


async def rows_after_a_race(
    scene: Scene, rows: Rows, home: Path, url: str, point: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is stored after eight at once, of which one sleeps at a point; and after that one has woken."""
    async with scene(home, url) as market:
        with Workers(home, url, market) as workers:
            stopped = workers.start("SIGSTOP", point)
            await until(lambda: is_stopped(stopped))
            for other in [workers.start(later=LEASE_SECONDS) for _ in range(7)]:
                assert await ended(other) == 0
            # Those who came while another was at it left; what they left is done by the next.
            assert await ended(workers.start(later=LEASE_SECONDS)) == 0
            before = await rows(market)
            os.kill(stopped.pid, signal.SIGCONT)
            assert await ended(stopped) == 0
            return before, await rows(market)
