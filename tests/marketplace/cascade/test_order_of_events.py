"""A cascade is the same whatever order its events come in, and whoever works at it, or is killed at it."""

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import crypto
from marketplace.cascade import service as cascade
from marketplace.market import Market
from marketplace.runs import service as runs
from marketplace.runs.lease import LEASE_SECONDS
from tests.marketplace.cascade.scenes import DAY, DIDS, assignments, contested
from tests.support import a_decline, an_acceptance, clocked_market
from tests.support.clock import SetClock, seconds
from tests.support.databases import NewDatabase
from tests.support.market import an_identity, settings_of
from vrm.documents import Acceptance, Decline

REQUESTS = 6
WINDOWS = 3
POINTS = ["leased", "displaced", "tick-frozen", "tick-matched", "tick-resolved", "tick-published"]
COMPARED = (
    "awards",
    "unfilled",
    "displaced",
    "tick_places",
    "assignments",
    "roll_overs",
    "run_bids",
)


class Event(NamedTuple):
    """A vendor's answer to one of the run's assignments, so many seconds behind a tick instant."""

    number: int
    accepts: bool
    after: int


class Closing(NamedTuple):
    """Somebody does the daily job, and is perhaps killed at a point of it."""

    killed_at: str | None


class Killed(Exception):
    """Stands for the end of a process."""


class Scene(NamedTuple):
    """A day that is announced, in a database to copy, and the answers that its vendors may give."""

    home: Path
    database: Path
    cutoff: int
    answers: list[tuple[bytes, bytes]]
    """For each assignment an Acceptance and a Decline."""
    units: dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, new_sqlite: NewDatabase) -> Scene:
    return asyncio.run(_prepared(tmp_path_factory.mktemp("order"), new_sqlite()))


async def _prepared(home: Path, url: str) -> Scene:
    async with clocked_market(home, url) as market:
        (first, *_) = await contested(market, requests=REQUESTS, units=2, roll_over=True)
        await market.reach_cutoff(first)
        answers = []
        for one in await assignments(market):
            key, digest = DIDS[one["vendor"]], crypto.digest(one)
            accepted, declined = an_acceptance(market, key, digest), a_decline(market, key, digest)
            answers.append((accepted.wire, declined.wire))
        places = await market.items(f"/runs/{DAY}/places")
        units = {(one["vendor"], one["place"]): one["units"] for one in places}
    database = Path(url.partition("///")[2])
    return Scene(home, database, seconds("2026-11-21T17:00:00Z"), answers, units)


async def play(scene: Scene, copy: Path, windows: list[list[Event | Closing]]) -> dict[str, Any]:
    """Play the events of each window between two ticks, and let the last tick pass; tells what came of it."""
    shutil.copyfile(scene.database, copy)
    clock = SetClock()
    url = f"sqlite+aiosqlite:///{copy}"
    market = Market.open(settings_of(scene.home, url), an_identity(), clock=clock)
    try:
        for number, window in enumerate(windows):
            start = scene.cutoff + 900 * number
            clock.set(start)
            for event in window:
                if isinstance(event, Event):
                    clock.set(max(clock.now, start + event.after))
                    wire = scene.answers[event.number][0 if event.accepts else 1]
                    await cascade.answer(market, wire, Acceptance if event.accepts else Decline)
                else:
                    await _close(market, event.killed_at)
                    clock.advance(LEASE_SECONDS)
        clock.set(max(clock.now, scene.cutoff + 900 * len(windows)))
        await _close(market, None)
        return await _found(market)
    finally:
        await market.db.dispose()


async def _close(market: Market, killed_at: str | None) -> None:
    def reach(point: str) -> None:
        if point == killed_at:
            raise Killed

    try:
        await runs.close_days(market, reach=reach)
    except Killed:
        return


async def _found(market: Market) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with market.db.snapshot() as connection:
        for name in COMPARED:
            rows = await connection.execute(text(f"SELECT * FROM {name}"))  # noqa: S608
            found[name] = sorted(map(tuple, rows))
        ticks = await connection.execute(
            text("SELECT tick, instant, report FROM ticks WHERE tick IS NOT NULL ORDER BY tick")
        )
        found["ticks"] = list(map(tuple, ticks))
        accepted = "SELECT request FROM assignment_answers WHERE accepted"
        found["accepted"] = set((await connection.execute(text(accepted))).scalars())
        taken = "SELECT b.vendor, b.place FROM awards a JOIN bids b ON b.digest = a.bid"
        found["taken"] = Counter(map(tuple, await connection.execute(text(taken))))
    return found


@st.composite
def plays(draw: st.DrawFn) -> tuple[list[list[Event | Closing]], list[list[Event | Closing]]]:
    """The same events in the same windows twice: in time, and in any order with anybody at work in between."""
    in_time: list[list[Event | Closing]] = [[Closing(None)] for _ in range(WINDOWS)]
    anyhow: list[list[Event | Closing]] = [[] for _ in range(WINDOWS)]
    for number in range(REQUESTS):
        window = draw(st.integers(0, WINDOWS))  # the last one: no answer
        if window < WINDOWS:
            accepts = draw(st.booleans())
            in_time[window].append(Event(number, accepts, 0))
            anyhow[window].append(Event(number, accepts, draw(st.integers(0, 500))))
    for number in range(WINDOWS):
        points = st.one_of(st.none(), st.sampled_from(POINTS))
        for point in draw(st.lists(points, max_size=3)):
            anyhow[number].append(Closing(point))
        anyhow[number] = draw(st.permutations(anyhow[number]))
    return in_time, anyhow


@settings(max_examples=10)
@given(twice=plays())
def test_the_outcome_does_not_depend_on_it(scene: Scene, twice: Any) -> None:
    in_time, anyhow = twice
    copy = scene.home / "copy.db"
    expected = asyncio.run(play(scene, copy, in_time))
    found = asyncio.run(play(scene, copy, anyhow))
    assert found == expected
    lost = [row[2] for row in found["displaced"]]
    assert not found["accepted"] & set(lost)
    assert all(found["taken"][place] <= units for place, units in scene.units.items())
    assert len(found["ticks"]) <= WINDOWS
