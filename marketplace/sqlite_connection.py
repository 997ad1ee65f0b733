"""SQLite connections for which a statement is one errand to their thread.

aiosqlite runs each connection in a thread of its own. A statement of SQLAlchemy's is four errands there (make a
cursor, execute, fetch, close), and each costs two switches of threads, more than a small query itself. Here the
thread executes and fetches in one go. SQLAlchemy fetches all rows at once anyway.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Self

import aiosqlite


class Connection(aiosqlite.Connection):
    """A connection whose cursors are `Cursor`."""

    def cursor(self) -> "Cursor":  # type: ignore[override]  # an awaitable there
        """A cursor for one ``async with``."""
        return Cursor(self)


class Cursor(aiosqlite.Cursor):
    """A cursor that has fetched all that its statement answers."""

    def __init__(self, connection: Connection) -> None:
        self.connected = connection
        self.rows: Sequence[Any] = ()

    async def __aenter__(self) -> Self:
        # Nothing is read or written to make a cursor, or to close one whose rows are fetched.
        super().__init__(self.connected, self.connected._conn.cursor())
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        """Execute a statement and fetch its rows."""
        self.rows = await self._execute(  # type: ignore[no-untyped-call]
            _execute, self._cursor, sql, parameters or ()
        )
        return self

    async def fetchall(self) -> Sequence[Any]:
        """The rows."""
        return self.rows

    async def close(self) -> None:
        """Close the cursor."""
        self._cursor.close()


def connect(file: str, **options: Any) -> Connection:
    """Make a connection to a file, still to be awaited; `options` are those of `sqlite3.connect`."""
    options["check_same_thread"] = False
    made = Connection(lambda: sqlite3.connect(file, **options), iter_chunk_size=64)
    made._thread.daemon = True  # as SQLAlchemy has it
    return made


def _execute(cursor: sqlite3.Cursor, sql: str, parameters: Any) -> list[Any]:
    cursor.execute(sql, parameters)
    return cursor.fetchall() if cursor.description else []
