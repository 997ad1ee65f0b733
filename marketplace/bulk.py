"""Copying whole columns out of the database and into it, without a Python object per row.

On PostgreSQL both ways go by ``COPY ... (FORMAT binary)``. A query whose columns are all of fixed width and
never null gives rows of equal length, and 8 MB of them at a time are one structured array; every length that
the format states is checked. On SQLite, whose driver knows only rows, the database itself writes the columns as
text of fixed width and joins them, a part of the digests at a time; what is inserted goes in as rows.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, SQLColumnExpression, Table, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.models import Base
from marketplace.rowbytes import Column, Piece, blocks, joined, lengths_of

DIGEST: Final = "S43"
"""A digest's text."""

Layout = Mapping[str, str]
"""The columns of a query in order: `DIGEST`, or ``i8``, ``i4``, ``i2`` for integers that are not negative."""

CHUNK_BYTES: Final = 8 << 20
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = b"\xff\xff"
ALPHABET: Final = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""What digests are written in, in order of the bytes."""

_DIGITS: Final = {"i8": 19, "i4": 10, "i2": 5}


async def read(
    connection: AsyncConnection,
    query: Select[*tuple[Any, ...]],
    layout: Layout,
    along: SQLColumnExpression[str],
) -> AsyncIterator[NDArray[np.void]]:
    """Read a query as structured arrays, one behind the other.

    Args:
        connection: in a transaction.
        query: its columns are those of the layout; ordered by `along` first.
        layout: names and types.
        along: a column of digests, by whose first characters SQLite takes the work in parts.

    Raises:
        ValueError: a value is not as wide as the layout says, or null.
    """
    if connection.dialect.name == "postgresql":
        found = _read_postgresql(connection, query, layout)
    else:
        found = _read_sqlite(connection, query, layout, along)
    async for block in found:
        yield block


async def write(
    connection: AsyncConnection, table: type[Base], columns: Mapping[str, str | Column]
) -> None:
    """Insert rows.

    Args:
        connection: in a transaction that has begun to write.
        table: where to.
        columns: by name: texts (``S``), integers for ``bigint`` columns, or one text for all rows.
    """
    rows = next(len(column) for column in columns.values() if not isinstance(column, str))
    target = cast(Table, table.__table__)
    if connection.dialect.name == "postgresql":
        await (await _driver(connection)).copy_to_table(
            target.name, columns=list(columns), source=_packed(rows, columns), format="binary"
        )
        return
    for block in blocks(rows):
        values = [
            [column] * (block.stop - block.start)
            if isinstance(column, str)
            else (column[block].astype("U") if column.dtype.kind == "S" else column[block]).tolist()
            for column in columns.values()
        ]
        lines = [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
        await connection.execute(insert(target), lines)


async def _read_postgresql(
    connection: AsyncConnection, query: Select[*tuple[Any, ...]], layout: Layout
) -> AsyncIterator[NDArray[np.void]]:
    # The indexes hold what is asked for in the order that is asked for: sorting it again costs more.
    for setting in ("enable_sort = off", "random_page_cost = 1.1"):
        await connection.execute(text(f"SET LOCAL {setting}"))
    driver, chunks = await _driver(connection), asyncio.Queue[bytes | None](maxsize=2)
    statement = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    parts: list[bytes] = []
    size = 0

    async def take(part: bytes) -> None:
        nonlocal size
        parts.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            await hand_over()

    async def hand_over() -> None:
        nonlocal size
        await chunks.put(b"".join(parts))
        parts.clear()
        size = 0

    async def copy() -> None:
        try:
            await driver.copy_from_query(str(statement), output=take, format="binary")
            await hand_over()
        finally:
            await chunks.put(None)

    copying = asyncio.create_task(copy())
    try:
        left = b""
        while (chunk := await chunks.get()) is not None:
            block, left = await asyncio.to_thread(_parsed, left, chunk, layout)
            yield block
        await copying
        if left != END:
            raise ValueError("the copy has no end")
    finally:
        copying.cancel()


def _parsed(left: bytes, chunk: bytes, layout: Layout) -> tuple[NDArray[np.void], bytes]:
    """The whole rows of what was left and a chunk, and the bytes behind them."""
    raw = left + chunk
    start = len(HEADER) if raw.startswith(HEADER[:11]) else 0
    stored = np.dtype(
        [("fields", ">i2")]
        + [
            part
            for name, kind in layout.items()
            for part in ((f"{name} length", ">i4"), (name, kind if kind == DIGEST else f">{kind}"))
        ]
    )
    # The last bytes may be the end's mark, which no row begins with.
    rows = (len(raw) - start) // stored.itemsize
    found = np.frombuffer(raw, dtype=stored, count=rows, offset=start)
    if (found["fields"] != len(layout)).any():
        raise ValueError("a row has another number of fields")
    block = np.empty(rows, dtype=list(layout.items()))
    for name in layout:
        if (found[f"{name} length"] != stored[name].itemsize).any():
            raise ValueError(f"{name} is null or not as wide as it should be")
        block[name] = found[name]
    return block, raw[start + rows * stored.itemsize :]


async def _read_sqlite(
    connection: AsyncConnection,
    query: Select[*tuple[Any, ...]],
    layout: Layout,
    along: SQLColumnExpression[str],
) -> AsyncIterator[NDArray[np.void]]:
    form = "".join("%s" if kind == DIGEST else f"%0{_DIGITS[kind]}d" for kind in layout.values())
    fields: list[Any] = [
        (name, kind) if kind == DIGEST else (name, np.uint8, (_DIGITS[kind],))
        for name, kind in layout.items()
    ]
    stored = np.dtype(fields)
    for first in ALPHABET:
        part = query.where(along >= first, along < first + "~")
        inner = str(
            part.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        )
        names = ", ".join(f'"{name}"' for name in layout)
        # group_concat takes rows in the order of the query below it.
        outer = f"SELECT coalesce(group_concat(printf('{form}', {names}), ''), ''), count(*) FROM ({inner})"  # noqa: S608 - our own names
        found: Any = (await connection.exec_driver_sql(outer)).one()
        line, rows = str(found[0]), int(found[1])
        if len(line) != rows * stored.itemsize:
            raise ValueError("a value is null or not as wide as it should be")
        yield _from_text(np.frombuffer(line.encode("ascii"), dtype=stored), layout)


def _from_text(found: NDArray[np.void], layout: Layout) -> NDArray[np.void]:
    block = np.empty(len(found), dtype=list(layout.items()))
    for name, kind in layout.items():
        if kind == DIGEST:
            block[name] = found[name]
        else:
            powers = 10 ** np.arange(_DIGITS[kind] - 1, -1, -1, dtype=np.int64)
            block[name] = (found[name] - np.uint8(ord("0"))).astype(np.int64) @ powers
    return block


async def _packed(rows: int, columns: Mapping[str, str | Column]) -> AsyncIterator[bytes]:
    yield HEADER
    for block in blocks(rows):
        yield await asyncio.to_thread(_pack, block, columns)
    yield END


def _pack(block: slice, columns: Mapping[str, str | Column]) -> bytes:
    """A block of rows in PostgreSQL's binary COPY format: each field behind its length, numbers big-endian."""
    pieces: list[Piece] = [len(columns).to_bytes(2)]
    for column in columns.values():
        if isinstance(column, str):
            pieces += [len(column).to_bytes(4), column.encode()]
        elif column.dtype.kind == "S":
            pieces += [lengths_of(column[block]).astype(">i4"), column[block]]
        else:
            pieces += [(8).to_bytes(4), column[block].astype(">i8")]
    return joined(block.stop - block.start, pieces)


async def _driver(connection: AsyncConnection) -> Any:
    """The driver's own connection, in the same transaction."""
    return (await connection.get_raw_connection()).driver_connection
