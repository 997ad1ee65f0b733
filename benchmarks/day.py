"""A market's day from table to table against bare copying of the same rows.

    python -m benchmarks.day [--sizes 100k,1M] [--sqlite 100k] [--json] [--bars]

One row for each size of a made-up day (`_market_day`): requests with ten bids each. *day* is the step from
frozen to resolved as a run does it: reading requests, places and bids, matching, digests of inputs and outcome,
storing awards and unfilled ones. *copy* is what the database alone needs for the same rows, measured in turn
with it: the same columns of requests and bids read by COPY in the order in which they lie, and the awards
and unfilled ones copied into empty tables with the same keys. Seconds are the clock's, the least of three
rounds. *freeze* comes before and is not part of either. *health* is within what time 99 of 100 calls of
`/health` are answered while the day is resolved once more, in a process of its own beside the API.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
from sqlalchemy import text

from benchmarks._day_tables import CUTOFF, DAY, fill
from benchmarks._harness import Bar, Report, as_json, as_text
from marketplace import schema
from marketplace.app import create_app
from marketplace.db import Database
from marketplace.reputation.rules import Score, Tally
from marketplace.runs import lease, snapshot, timeline
from marketplace.runs.apart import resolve_apart
from marketplace.runs.lease import Lease, pass_by
from marketplace.runs.resolving import resolve_here
from marketplace.runs.rules import epoch_around
from marketplace.settings import NewcomerSettings
from tests.support.databases import postgres_server
from tests.support.market import an_identity, settings_of

UNITS = {"k": 1_000, "M": 1_000_000}
BAR = 1.5
ROUNDS = 3
SERVER = {"shared_buffers": "1GB", "max_wal_size": "8GB", "work_mem": "256MB"}
COLUMNS = (
    "database",
    "requests",
    "freeze s",
    "day s",
    "copy out s",
    "copy in s",
    "day/copy",
    "health p99 ms",
)

OUT = (
    "SELECT digest, amount, radius_m, ships, picked_up, on_site FROM requests",
    "SELECT request, digest, place_number, amount, distance_m, way FROM bids",
)
IN = ("awards", "unfilled")


def measure(sizes: Sequence[str], sqlite: Sequence[str]) -> Report:
    """Measure both databases at their sizes."""
    report = Report("day", COLUMNS)
    with postgres_server(SERVER) as server:
        for size in sizes:
            server.create(f"day_{size.lower()}")
            url = server.url(f"day_{size.lower()}")
            schema.upgrade(url)
            freeze, day, copied = asyncio.run(_postgresql(url, count(size)))
            ratio = day / sum(copied)
            health = asyncio.run(_health(url))
            report.rows.append(("PostgreSQL", size, freeze, day, *copied, ratio, health))
            if size == "1M":
                report.bars.append(Bar("day at 1M, in bare copies", ratio, BAR))
    for size in sqlite:
        with tempfile.TemporaryDirectory(prefix="vrm-day-") as folder:
            url = f"sqlite+aiosqlite:///{Path(folder) / 'market.db'}"
            schema.upgrade(url)
            freeze, day = asyncio.run(_sqlite(url, count(size)))
            report.rows.append(("SQLite", size, freeze, day, "-", "-", "-", "-"))
    return report


async def _postgresql(url: str, requests: int) -> tuple[float, float, tuple[float, float]]:
    driver = await asyncpg.connect(url.replace("+asyncpg", ""))
    db = Database(url, clock=lambda: CUTOFF)
    try:
        # As a server that has been up for a while: rows are old, and the planner knows the tables.
        await fill(db, requests)
        await driver.execute("VACUUM (ANALYZE)")
        freeze = await _freeze(db)
        await driver.execute("CHECKPOINT")
        day, copied = [], []
        for _ in range(ROUNDS):
            await driver.execute("TRUNCATE awards, unfilled")
            day.append(await _resolve(db))
            copied.append(await _copy(driver))
        return freeze, min(day), (min(out for out, _ in copied), min(back for _, back in copied))
    finally:
        await db.dispose()
        await driver.close()


async def _sqlite(url: str, requests: int) -> tuple[float, float]:
    db = Database(url, clock=lambda: CUTOFF)
    try:
        await fill(db, requests)
        return await _freeze(db), await _resolve(db)
    finally:
        await db.dispose()


async def _freeze(db: Database) -> float:
    start = time.perf_counter()
    async with db.unit_of_work() as connection:
        run = await timeline.lock(connection, DAY, None)
        if run is None:
            raise RuntimeError("there is no run")
        await snapshot.take_requests(connection, run)
        newcomers = NewcomerSettings().document()
        epoch = epoch_around(date.fromisoformat(DAY), newcomers)
        places = await snapshot.bidding_places(connection, DAY, DAY, epoch)
        scores = {row.vendor: Score(Tally()) for row in places}
        await snapshot.freeze(connection, DAY, "A" * 43, 1, places, scores, newcomers)
    return time.perf_counter() - start


async def _frozen_again(db: Database) -> Lease:
    async with db.unit_of_work() as connection:
        await connection.execute(text("UPDATE runs SET stage = 'frozen', lease_until = 0"))
    held = await lease.take(db, DAY)
    if held is None:
        raise RuntimeError("somebody else is at it")
    return held


async def _resolve(db: Database) -> float:
    held = await _frozen_again(db)
    start = time.perf_counter()
    await resolve_here(db, held, pass_by)
    return time.perf_counter() - start


async def _health(url: str) -> float:
    """Milliseconds within which 99 of 100 calls are answered while a process beside resolves the day."""
    with tempfile.TemporaryDirectory(prefix="vrm-day-") as folder:
        app = create_app(settings_of(Path(folder), url), an_identity())
    db: Database = app.state.market.db
    try:
        async with db.unit_of_work() as connection:
            await connection.execute(text("TRUNCATE awards, unfilled"))
        held = await _frozen_again(db)
        transport = httpx.ASGITransport(cast(Any, app))
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://market.test") as client,
            lease.renewed(db, held),
        ):
            resolving = asyncio.create_task(resolve_apart(db, held, pass_by))
            taken = []
            while not resolving.done():
                start = time.perf_counter()
                (await client.get("/health")).raise_for_status()
                taken.append(time.perf_counter() - start)
                await asyncio.sleep(0.005)
            await resolving
        return sorted(taken)[int(len(taken) * 0.99)] * 1000
    finally:
        await db.dispose()


async def _copy(driver: asyncpg.Connection) -> tuple[float, float]:
    """Seconds of reading what a run reads, and of writing what it wrote."""

    async def drop(_part: bytes) -> None:
        pass

    out = 0.0
    for query in OUT:
        start = time.perf_counter()
        await driver.copy_from_query(query, output=drop, format="binary")
        out += time.perf_counter() - start
    back = 0.0
    for table in IN:
        parts: list[bytes] = []
        await driver.copy_from_query(f"SELECT * FROM {table}", output=_into(parts), format="binary")  # noqa: S608
        await driver.execute(f"CREATE TABLE bare (LIKE {table} INCLUDING ALL)")
        start = time.perf_counter()
        await driver.copy_to_table("bare", source=_from(parts), format="binary")
        back += time.perf_counter() - start
        await driver.execute("DROP TABLE bare")
    return out, back


def _into(parts: list[bytes]) -> Any:
    async def keep(part: bytes) -> None:
        parts.append(part)

    return keep


async def _from(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def count(size: str) -> int:
    """`10k` as a number."""
    return int(size[:-1]) * UNITS[size[-1]]


def main() -> None:
    """Measure, print, and with `--bars` exit 1 when the bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100k,1M", help="comma-separated, as 10k or 1M")
    parser.add_argument("--sqlite", default="100k", help="the same for SQLite")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--bars", action="store_true", help="exit 1 when the bar does not hold")
    arguments = parser.parse_args()
    sizes, sqlite = arguments.sizes.split(","), arguments.sqlite.split(",")
    if not all(re.fullmatch(r"[1-9][0-9]*[kM]", size) for size in (*sizes, *sqlite)):
        parser.error("sizes read as 10k,1M")
    report = measure(sizes, sqlite)
    print(as_json(report) if arguments.json else as_text(report))
    if arguments.bars and not all(bar.holds for bar in report.bars):
        sys.exit(1)


if __name__ == "__main__":
    main()
