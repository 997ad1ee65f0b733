"""The database: one engine, two kinds of transaction, and the only commit in the package.

`unit_of_work` writes and commits explicitly before it returns, so that an answer is never built on
something that was not stored. On SQLite it opens with ``BEGIN IMMEDIATE``: a deferred transaction that reads
and then writes fails at once when another has written meanwhile. `snapshot` reads and never commits.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, cast

from sqlalchemy import Dialect, Row, Select, Table, event, text, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from marketplace import sqlite_connection
from marketplace.models import Base

AnyRow = Row[*tuple[Any, ...]]
"""A row of any query."""

Clock = Callable[[], float]

BUSY_TIMEOUT_MS = 15_000

_SQLITE: dict[str, Any] = {
    "connect_args": {"async_creator_fn": sqlite_connection.connect},
    # Every connection is given back after its transaction: a rollback more would be one more errand.
    "pool_reset_on_return": None,
}

CHECKPOINT_TIMEOUT_MS = 500
"""How long readers are waited for to empty the write-ahead log; writers wait as long."""


class Database:
    """Access to one database from one event loop.

    Args:
        url: an SQLAlchemy URL for ``sqlite+aiosqlite`` or ``postgresql+asyncpg``.
        clock: seconds since the epoch, in place of the database's own clock; for simulations and tests.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._clock = clock
        self._engine = create_async_engine(
            url,
            hide_parameters=True,  # an error's text would repeat what a customer sent
            pool_size=10,
            max_overflow=10,
            **(_SQLITE if self.is_sqlite else {}),
        )
        self._writer = self._engine.execution_options(vrm_writes=True)
        # One writer at a time is SQLite's own rule; queueing here is fair, its busy handler is not.
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        if self.is_sqlite:
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)

    @property
    def has_own_clock(self) -> bool:
        """Whether time is the database's, as in every market that is not simulated."""
        return self._clock is None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncConnection]:
        """Open a writing transaction; commit when the block ends well, roll back when it raises."""
        async with self._turn, self._writer.connect() as connection:
            await connection.begin()
            yield connection
            await connection.commit()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Open a reading transaction that sees one state of the database."""
        async with self._engine.connect() as connection:
            if not self.is_sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            await connection.begin()
            yield connection
            await connection.rollback()

    @asynccontextmanager
    async def twin(self, connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
        """Open one more reading transaction on PostgreSQL, which sees what a `snapshot` sees."""
        exported = await connection.execute(text("SELECT pg_export_snapshot()"))
        async with self._engine.connect() as twin:
            await twin.execution_options(isolation_level="REPEATABLE READ")
            await twin.begin()
            await twin.execute(text(f"SET TRANSACTION SNAPSHOT '{exported.scalar_one()}'"))
            yield twin
            await twin.rollback()

    async def now(self, connection: AsyncConnection) -> int:
        """Tell the time by the database's clock, in whole seconds since the epoch."""
        if self._clock is not None or self.is_sqlite:
            return self.machine_time()  # SQLite's clock is the same machine's, without a query
        found = await connection.execute(
            text("SELECT extract(epoch FROM clock_timestamp())::bigint")
        )
        return int(found.scalar_one())

    async def time(self) -> int:
        """Tell the time likewise, outside of any transaction."""
        if self._clock is not None or self.is_sqlite:
            return self.machine_time()
        async with self.snapshot() as connection:
            return await self.now(connection)

    def machine_time(self) -> int:
        """Tell the time by this machine's clock, or the one in its place; for what decides nothing."""
        return int((self._clock or time.time)())

    async def forget_order(self) -> None:
        """Empty SQLite's write-ahead log, which keeps the order in which rows arrived.

        A long reader is not waited for: then the log stays as it is, until somebody calls again.
        """
        if self.is_sqlite:
            async with self._turn, self._engine.connect() as connection:
                raw = await connection.get_raw_connection()
                driver: Any = raw.driver_connection
                await driver.execute_fetchall(f"PRAGMA busy_timeout={CHECKPOINT_TIMEOUT_MS}")
                await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                await driver.execute_fetchall(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

    async def dispose(self) -> None:
        """Close all connections; without it the process would hang at exit."""
        await self._engine.dispose()


async def take_turns(
    connection: AsyncConnection, names: Iterable[str], *, together: bool = False
) -> None:
    """Let the writing transactions that name the same party follow one another.

    What a transaction reads about a party then holds until it commits. Those that name it `together` only
    wait for those that do not. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        function = "pg_advisory_xact_lock_shared" if together else "pg_advisory_xact_lock"
        lock = text(f"SELECT {function}(hashtextextended(:name, 0))")
        for name in sorted(set(names)):  # in one order, so that nobody waits in a circle
            await connection.execute(lock, {"name": name})


async def insert_new(connection: AsyncConnection, table: type[Base], row: dict[str, Any]) -> bool:
    """Insert a row unless one with its key is there; tell whether it was inserted."""
    statement = _insert(connection.dialect, _table(table)).values(row).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def insert_all_new(
    connection: AsyncConnection, table: type[Base], rows: Sequence[dict[str, Any]]
) -> None:
    """Insert the rows whose keys are not there yet."""
    if rows:
        statement = _insert(connection.dialect, _table(table)).on_conflict_do_nothing()
        await connection.execute(statement, list(rows))


async def insert_found_new(
    connection: AsyncConnection,
    table: type[Base],
    names: Sequence[str],
    found: Select[*tuple[Any, ...]],
) -> None:
    """Insert what a query finds, but for rows whose keys are there already."""
    # SQLite takes ON CONFLICT for a part of a join unless the query has a condition.
    statement = _insert(connection.dialect, _table(table)).from_select(names, found.where(true()))
    await connection.execute(statement.on_conflict_do_nothing())


async def upsert(connection: AsyncConnection, table: type[Base], row: dict[str, Any]) -> None:
    """Insert a row, or replace the one with its primary key."""
    target = _table(table)
    keys = [column.name for column in target.primary_key.columns]
    rest = {name: value for name, value in row.items() if name not in keys}
    statement = _insert(connection.dialect, target).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def _insert(dialect: Dialect, table: Table) -> Any:
    return (sqlite if dialect.name == "sqlite" else postgresql).insert(table)


def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, nowhere else
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an answer stands for something that survives a power cut
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "secure_delete=ON",  # what a publication deletes must not linger in free pages
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("vrm_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
