"""Copying whole columns out of the database and into it, without a Python object per row.

What is read is taken a part of the digests at a time, and the database itself joins each column of a part to
one value: integers as their bytes on PostgreSQL, which sends the part as a single row of ``COPY ... (FORMAT
binary)``; as text of fixed width on SQLite. To both, and to their drivers, a row costs several times what its
bytes do. A part is small enough to stay in a processor's cache until it stands in its place, and then let go:
memory that is touched for the first time costs more than anything that is done with it. What is written goes by
``COPY`` on PostgreSQL too, in blocks of rows; on SQLite it goes in as rows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from threading import Lock
from typing import Any, Final, cast

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    SmallInteger,
    SQLColumnExpression,
    Table,
    and_,
    func,
    insert,
    text,
)
from sqlalchemy import cast as as_sql
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.models import Base
from marketplace.rowbytes import Column, Texts, blocks, joined, lengths_of

DIGEST: Final = "S43"
"""A digest's text."""

Kinds = Mapping[str, str]
"""Names and types in order: `DIGEST`, or ``i8``, ``i4``, ``i2`` for integers that are not negative."""
Layout = Mapping[str, str | Kinds]
"""The columns of a query in order: each of one type, or a line of several that stand side by side in it."""
Columns = dict[str, Column]

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = b"\xff\xff"
FIRSTS: Final = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""The characters that a digest may begin with, in the order of digests."""
PART_ROWS: Final = 100_000
"""A part has about so many rows, or as many as have digests of one first character."""

_DIGITS: Final = {"i8": 19, "i4": 10, "i2": 5}
_SENDERS: Final = {
    "i8": (func.int8send, BigInteger()),
    "i4": (func.int4send, Integer()),
    "i2": (func.int2send, SmallInteger()),
}
_SENT: Final = {DIGEST: "{}", "i8": "int8send({})", "i4": "int4send({})", "i2": "int2send({})"}


def line_of(
    dialect: str, kinds: Kinds, values: Mapping[str, ColumnElement[Any]]
) -> ColumnElement[bytes]:
    """What makes a line of integers in the database, to be stored there and read by `read`.

    Args:
        dialect: the database's name.
        kinds: of the line's parts, in order.
        values: by the same names.
    """
    if dialect == "sqlite":
        form = "".join(f"%0{_DIGITS[kind]}d" for kind in kinds.values())
        return func.printf(form, *(values[name] for name in kinds), type_=LargeBinary)
    sent = []
    for name, kind in kinds.items():
        send, type_ = _SENDERS[kind]
        sent.append(send(as_sql(values[name], type_), type_=LargeBinary))
    return reduce(lambda left, right: left.op("||", return_type=LargeBinary())(right), sent)


async def read(
    connections: Sequence[AsyncConnection],
    query: Select[*tuple[Any, ...]],
    layout: Layout,
    *along: SQLColumnExpression[str],
    rows: int,
    made: Callable[[Columns], Columns] = lambda part: part,
) -> Columns:
    """Read a query as columns.

    Args:
        connections: each in a transaction, all of one snapshot; they share the parts among them.
        query: its columns are those of the layout; ordered by digests first.
        layout: names and types, which are those of the database.
        along: the columns of these digests, by whose first characters the work is taken in parts; where it is
            said of both sides of a join, each index is walked from there on.
        rows: about how many there are.
        made: what becomes of the columns of a part.

    Raises:
        ValueError: a value is not as wide as the layout says, or null.
    """
    parts = list(pairwise(_starts(rows)))
    todo, whole = enumerate(parts), _Whole(len(parts))

    async def work(connection: AsyncConnection) -> None:
        take = await _ready(connection)
        for at, (first, behind) in todo:
            part = query.where(*(and_(column >= first, column < behind) for column in along))
            statement = part.compile(
                dialect=connection.dialect, compile_kwargs={"literal_binds": True}
            )
            found = await take(connection, str(statement), layout)
            await asyncio.to_thread(lambda at, found: whole.put(at, made(found)), at, found)

    try:
        async with asyncio.TaskGroup() as workers:
            for connection in connections:
                workers.create_task(work(connection))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return whole.columns()


def _starts(rows: int) -> list[str]:
    """Where the parts of the digests begin, and behind which the last one ends."""
    parts = min(len(FIRSTS), max(1, rows // PART_ROWS))
    step = -(-len(FIRSTS) // parts)
    return ["", *FIRSTS[step::step], "~"]


async def write(
    connection: AsyncConnection, table: type[Base], columns: Mapping[str, str | Texts]
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


async def _ready(connection: AsyncConnection) -> Callable[..., Awaitable[Columns]]:
    """How a connection reads a part."""
    if connection.dialect.name == "sqlite":
        return _sqlite
    # The indexes hold what is asked for in the order that is asked for: sorting it again costs more. Workers
    # of the server's own would join what they find in no order.
    settings = (
        "enable_sort = off",
        "random_page_cost = 1.1",
        "max_parallel_workers_per_gather = 0",
    )
    for setting in settings:
        await connection.execute(text(f"SET LOCAL {setting}"))
    return _postgresql


async def _postgresql(connection: AsyncConnection, query: str, layout: Layout) -> Columns:
    sent = ", ".join(
        f"string_agg({_SENT[kind].format(name) if isinstance(kind, str) else name}, '')"
        for name, kind in layout.items()
    )
    parts: list[bytes] = []

    async def take(part: bytes) -> None:
        parts.append(part)

    driver = await _driver(connection)
    await driver.copy_from_query(
        f"SELECT {sent} FROM ({query}) AS part",  # noqa: S608 - our own names
        output=take,
        format="binary",
    )
    return await asyncio.to_thread(_fields, b"".join(parts), layout)


def _fields(raw: bytes, layout: Layout) -> Columns:
    """The columns of the one row of a copy, in which each field stands behind its length."""
    at = len(HEADER) + 2
    if not raw.startswith(HEADER[:11]) or int.from_bytes(raw[at - 2 : at]) != len(layout):
        raise ValueError("the copy is not of as many fields as the layout")
    found: Columns = {}
    rows = None
    for name, kind in layout.items():
        # Nothing joined to nothing is null, whose length is -1.
        length = max(int.from_bytes(raw[at : at + 4], signed=True), 0)
        stored = _as_sent(kind) if isinstance(kind, str) else _line(kind)
        rows = length // stored.itemsize if rows is None else rows
        if length != rows * stored.itemsize:
            raise ValueError(f"{name} is null or not as wide as it should be")
        column = np.frombuffer(raw, dtype=stored, count=rows, offset=at + 4)
        found |= {name: column} if isinstance(kind, str) else {part: column[part] for part in kind}
        at += 4 + length
    if raw[at:] != END:
        raise ValueError("the copy has no end")
    return found


def _as_sent(kind: str) -> np.dtype[Any]:
    return np.dtype(kind if kind == DIGEST else f">{kind}")


def _line(kinds: Kinds) -> np.dtype[Any]:
    return np.dtype([(name, _as_sent(kind)) for name, kind in kinds.items()])


async def _sqlite(connection: AsyncConnection, query: str, layout: Layout) -> Columns:
    form = "".join(
        f"%0{_DIGITS[kind]}d" if isinstance(kind, str) and kind != DIGEST else "%s"
        for kind in layout.values()
    )
    kinds = _flat(layout)
    fields: list[Any] = [
        (name, kind) if kind == DIGEST else (name, np.uint8, (_DIGITS[kind],))
        for name, kind in kinds.items()
    ]
    stored = np.dtype(fields)
    names = ", ".join(f'"{name}"' for name in layout)
    # group_concat takes rows in the order of the query below it.
    outer = (
        f"SELECT coalesce(group_concat(printf('{form}', {names}), ''), ''), count(*) FROM ({query})"  # noqa: S608 - our own names
    )
    found: Any = (await connection.exec_driver_sql(outer)).one()
    line, rows = str(found[0]), int(found[1])
    if len(line) != rows * stored.itemsize:
        raise ValueError("a value is null or not as wide as it should be")
    return _from_text(np.frombuffer(line.encode("ascii"), dtype=stored), kinds)


def _flat(layout: Layout) -> Kinds:
    """The types of all values, those of lines among them."""
    found: dict[str, str] = {}
    for name, kind in layout.items():
        found |= {name: kind} if isinstance(kind, str) else kind
    return found


def _from_text(found: Column, kinds: Kinds) -> Columns:
    columns: Columns = {}
    for name, kind in kinds.items():
        if kind == DIGEST:
            columns[name] = found[name]
        else:
            powers = 10 ** np.arange(_DIGITS[kind] - 1, -1, -1, dtype=np.int64)
            columns[name] = (found[name] - np.uint8(ord("0"))).astype(np.int64) @ powers
    return columns


class _Whole:
    """The columns of all parts, one part behind the other, in whatever order they come."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._columns: Columns = {}
        self._rows = 0
        self._waiting: dict[int, Columns] = {}
        self._next = 0
        self._turn = Lock()

    def put(self, number: int, part: Columns) -> None:
        """Add a part; numbers count from 0."""
        with self._turn:
            self._waiting[number] = part
            while (found := self._waiting.pop(self._next, None)) is not None:
                self._next += 1
                self._append(found)

    def columns(self) -> Columns:
        """The columns of all that was put."""
        return {name: column[: self._rows] for name, column in self._columns.items()}

    def _append(self, part: Columns) -> None:
        end = self._rows + len(next(iter(part.values())))
        if not self._columns or end > len(next(iter(self._columns.values()))):
            # Digests are as good as random: the first part tells how long the whole will be. What is not
            # written to costs nothing.
            room = 2 * end if self._rows else end * (self._parts + 1)
            self._columns = {name: self._grown(name, part[name], room) for name in part}
        for name, column in self._columns.items():
            column[self._rows : end] = part[name]
        self._rows = end

    def _grown(self, name: str, part: Column, room: int) -> Column:
        column = np.empty(room, dtype=part.dtype.newbyteorder("="))
        if self._rows:
            column[: self._rows] = self._columns[name][: self._rows]
        return column


async def _packed(rows: int, columns: Mapping[str, str | Texts]) -> AsyncIterator[bytes]:
    yield HEADER
    packing: asyncio.Task[bytes] | None = None
    for block in blocks(rows):
        # The next block is made while the one before it is on its way.
        following = asyncio.create_task(asyncio.to_thread(_pack, block, columns))
        if packing is not None:
            yield await packing
        packing = following
    if packing is not None:
        yield await packing
    yield END


def _pack(block: slice, columns: Mapping[str, str | Texts]) -> bytes:
    """A block of rows in PostgreSQL's binary COPY format: each field behind its length, numbers big-endian."""
    pieces: list[bytes | Column] = [len(columns).to_bytes(2)]
    for column in columns.values():
        if isinstance(column, str):
            pieces += [len(column).to_bytes(4), column.encode()]
        elif column.dtype.kind == "S":
            texts = column[block]
            pieces += [lengths_of(texts).astype(">i4"), texts]
        else:
            pieces += [(8).to_bytes(4), column[block].astype(">i8")]
    return joined(block.stop - block.start, pieces)


async def _driver(connection: AsyncConnection) -> Any:
    """The driver's own connection, in the same transaction."""
    return (await connection.get_raw_connection()).driver_connection
