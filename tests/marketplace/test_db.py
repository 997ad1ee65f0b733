"""The database's transactions, as far as use cases do not show them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from marketplace.db import Database


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/some.db")
    async with opened.unit_of_work() as connection:
        await connection.execute(text("CREATE TABLE thing (name TEXT PRIMARY KEY)"))
    yield opened
    await opened.dispose()


async def names(db: Database) -> list[str]:
    async with db.snapshot() as connection:
        return [name for (name,) in await connection.execute(text("SELECT name FROM thing"))]


async def put(db: Database, name: str, *, wait: asyncio.Event | None = None) -> list[str]:
    async with db.unit_of_work() as connection:
        insert = text("INSERT INTO thing VALUES (:name) RETURNING name")
        told = (await connection.execute(insert, {"name": name})).scalars().all()
        if wait is not None:
            wait.set()
            await asyncio.sleep(60)
    return list(told)


async def test_a_transaction_that_ends_badly_leaves_nothing_behind(db: Database) -> None:
    assert await put(db, "first") == ["first"]
    for _ in range(30):  # more often than there are connections
        with pytest.raises(IntegrityError):
            await put(db, "first")
        with pytest.raises(OperationalError):
            async with db.snapshot() as connection:
                await connection.execute(text("SELECT no_such FROM thing"))
    assert await put(db, "second") == ["second"]
    assert await names(db) == ["first", "second"]


async def test_a_transaction_that_is_cancelled_leaves_nothing_behind(db: Database) -> None:
    for _ in range(5):
        begun = asyncio.Event()
        task = asyncio.create_task(put(db, "cancelled", wait=begun))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await put(db, "next") == ["next"]
    assert await names(db) == ["next"]


async def test_many_readers_while_one_writes(db: Database) -> None:
    async with db.unit_of_work() as connection:
        await connection.execute(text("INSERT INTO thing VALUES ('unseen')"))
        assert await asyncio.gather(*(names(db) for _ in range(30))) == [[]] * 30
    assert await names(db) == ["unseen"]
