"""A run that is resolved in a process of its own."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from marketplace.market import Market
from marketplace.runs import lease, repository
from marketplace.runs import service as runs
from marketplace.runs.apart import resolve_apart
from marketplace.runs.lease import LeaseLost, pass_by
from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_bid, a_key, a_request, a_vendor

VENDOR = a_key("vendor")


async def a_due_day(market: ClockedMarket) -> str:
    """A run of one request that waits for its resolution."""
    request = a_request(market)
    await market.store(a_vendor(market, VENDOR), request)
    await market.publish()
    await market.store(a_bid(market, VENDOR, request))
    market.clock.set("2026-11-21T17:00:00Z")
    await runs.open_due_runs(market.market)
    return "2026-11-21"


async def test_another_process_resolves_it(open_market: OpenMarket) -> None:
    market = await open_market()
    day = await a_due_day(market)
    real = with_real_clock(market)
    try:
        await runs.finish_runs(real, resolving=resolve_apart)
        await runs.announce_runs(real)
    finally:
        await real.db.dispose()
    assert len(await market.items(f"/runs/{day}/assignments")) == 1
    assert (await market.get(f"/runs/{day}"))["stage"] == "announced"


@pytest.mark.on_postgresql
async def test_a_process_with_an_old_epoch_stores_nothing(open_market: OpenMarket) -> None:
    market = await open_market()
    await a_due_day(market)
    real = with_real_clock(market)
    try:
        first = await lease.take(real.db, "2026-11-20")
        assert first is not None
        await market.execute(
            "UPDATE runs SET epoch = epoch + 1, stage = 'frozen', seed = :s", s="A" * 43
        )
        with pytest.raises(LeaseLost):
            await resolve_apart(real.db, first, pass_by)
        async with real.db.snapshot() as connection:
            run = await repository.find(connection, "2026-11-20")
        assert run is not None
        assert run.stage == "frozen"
    finally:
        await real.db.dispose()


async def test_a_cancelled_run_kills_its_process(open_market: OpenMarket) -> None:
    market = await open_market()
    await a_due_day(market)
    real = with_real_clock(market)
    started = asyncio.Event()
    try:
        held = await lease.take(real.db, "2026-11-20")
        assert held is not None
        work = asyncio.create_task(resolve_apart(real.db, held, lambda _point: started.set()))
        await started.wait()
        assert await asyncio.to_thread(come_to, 1)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert await asyncio.to_thread(come_to, 0)
    finally:
        await real.db.dispose()


def with_real_clock(market: ClockedMarket) -> Market:
    """The same market, which tells the time by its database."""
    return Market.open(market.market.settings, market.market.identity)


def come_to(count: int) -> bool:
    """Wait until so many resolvers run."""
    end = time.monotonic() + 10
    while children() != count and time.monotonic() < end:
        time.sleep(0.05)
    return children() == count


def children() -> int:
    """How many resolvers this process has running; other tests' processes may have theirs."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += b"marketplace.runs.apart" in words and f"\nPPid:\t{os.getpid()}\n" in status
    return found
