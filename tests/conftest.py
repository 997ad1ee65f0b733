"""Fixtures for tests of the market and of its clients; `tests.support.market` shows how to use them."""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.databases import NewDatabase, postgres_databases, sqlite_databases
from tests.support.market import ClockedMarket, clocked_market

os.environ.setdefault("VRM_PAUSE", "0")  # nobody watches these wallets post

# A timing is never asserted: machines are noisy.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

OpenMarket = Callable[..., Awaitable[ClockedMarket]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the long run what would only be repeated on PostgreSQL; keep a live market's tests together.

    The default run goes to PostgreSQL where a test says so (`on_postgresql`): where statements are sent that no
    other test sends, and where callers meet, since locks are not the same on both. The long run does the rest.
    """
    for item in items:
        kind = item.callspec.params.get("database_kind") if hasattr(item, "callspec") else None
        if kind == "postgresql" and item.get_closest_marker("on_postgresql") is None:
            item.add_marker("long")
        if "live" in getattr(item, "fixturenames", ()):  # one for each module and worker
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish() -> None:
    """Keep the collector away from what lives until the end: walking it took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def new_sqlite() -> Iterator[NewDatabase]:
    with sqlite_databases() as new:
        yield new


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[NewDatabase]:
    with postgres_databases() as new:
        yield new


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """A test that asks for a market, or for this, has a variant on each kind of database."""
    return str(request.param)


@pytest.fixture
def new_database(database_kind: str, request: pytest.FixtureRequest) -> NewDatabase:
    """Makes migrated databases."""
    found: NewDatabase = request.getfixturevalue(f"new_{database_kind}")
    return found


@pytest.fixture
async def open_market(tmp_path: Path, new_database: NewDatabase) -> AsyncIterator[OpenMarket]:
    """Opens markets with settings of the test's choice."""
    numbers = count()
    async with AsyncExitStack() as opened:

        async def open_one(**settings: Any) -> ClockedMarket:
            url = settings.pop("database_url", None) or new_database()
            one = clocked_market(tmp_path / str(next(numbers)), url, **settings)
            return await opened.enter_async_context(one)

        yield open_one


@pytest.fixture
async def market(shared_market: ClockedMarket) -> ClockedMarket:
    """An empty market with default settings."""
    await shared_market.reset()
    return shared_market


# Making an application takes longer than most tests: those with default settings share one.


@pytest.fixture
def shared_market(database_kind: str, request: pytest.FixtureRequest) -> ClockedMarket:
    found: ClockedMarket = request.getfixturevalue(f"{database_kind}_market")
    return found


@pytest.fixture(scope="session")
async def sqlite_market(
    tmp_path_factory: pytest.TempPathFactory, new_sqlite: NewDatabase
) -> AsyncIterator[ClockedMarket]:
    async with clocked_market(tmp_path_factory.mktemp("market"), new_sqlite()) as one:
        yield one


@pytest.fixture(scope="session")
async def postgresql_market(
    tmp_path_factory: pytest.TempPathFactory, new_postgresql: NewDatabase
) -> AsyncIterator[ClockedMarket]:
    async with clocked_market(tmp_path_factory.mktemp("market"), new_postgresql()) as one:
        yield one
