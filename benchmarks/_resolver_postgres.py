"""The nearest thing that a database does by itself: each request's best bid by `DISTINCT ON`.

It filters and orders by the same rules, but knows no capacities and draws no lots, so that every
request gets its first choice: a lower bound of what the database would have to do.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import fields
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from marketplace.resolver import STRUCK_OUT, UNLISTED, Market, Policy, Way

BLOCK = 1 << 18

FIRST_CHOICES = f"""
SELECT count(*), sum(bid) FROM (
  SELECT DISTINCT ON (b.request) b.number AS bid
  FROM bids b JOIN requests r ON r.number = b.request JOIN places p ON p.number = b.place
  WHERE b.flaws = 0 AND p.admitted AND b.currency = r.currency AND b.terms = r.terms
    AND b.price <= r.price AND (NOT r.fixed OR b.price = r.price) AND b.way & r.ways <> 0
    AND b.distance_m <= CASE b.way WHEN {Way.PICKUP:d} THEN r.radius_m ELSE p.reach_m END
    AND b.listed <> {STRUCK_OUT} AND NOT (r.only_listed AND b.listed = {UNLISTED})
  ORDER BY b.request, b.listed,
    CASE r.policy WHEN {Policy.NEAREST:d} THEN b.distance_m
                  WHEN {Policy.LOWEST_PRICE:d} THEN b.price ELSE -p.band END,
    CASE r.policy WHEN {Policy.BEST_NEARBY:d} THEN b.distance_m / 1000
                  WHEN {Policy.BEST_VALUE:d} THEN b.price ELSE -p.band END,
    CASE WHEN r.policy IN ({Policy.BEST_NEARBY:d}, {Policy.NEAREST:d})
         THEN b.price ELSE b.distance_m END
) first_choices
"""  # noqa: S608 - of our own constants

TYPES = {"b": "boolean", "u1": "smallint", "u2": "integer", "i2": "smallint", "i4": "integer"}


async def first_choices(url: str, market: Market) -> float:
    """Seconds of the query over loaded and analysed tables."""
    connection = await asyncpg.connect(url)
    try:
        for table in (market.requests, market.places, market.bids):
            columns = {f.name: getattr(table, f.name) for f in fields(table)}
            columns = {c: v for c, v in columns.items() if v.ndim == 1 and v.dtype.kind != "S"}
            await _load(connection, type(table).__name__.lower(), columns)
        await connection.execute("SET work_mem = '2GB'")
        start = time.perf_counter()
        await connection.fetchval(FIRST_CHOICES)
        return time.perf_counter() - start
    finally:
        await connection.close()


async def _load(
    connection: asyncpg.Connection, name: str, columns: Mapping[str, NDArray[Any]]
) -> None:
    """A table of these columns and a `number` for each row, by binary COPY."""
    rows = len(next(iter(columns.values())))
    columns = {"number": np.arange(rows, dtype=np.int32), **columns}
    types = {c: TYPES.get(_kind(values), "bigint") for c, values in columns.items()}
    definition = ", ".join(f"{column} {type_} NOT NULL" for column, type_ in types.items())
    await connection.execute(f"DROP TABLE IF EXISTS {name}")
    await connection.execute(f"CREATE UNLOGGED TABLE {name} ({definition})")
    await connection.copy_to_table(name, source=_binary(columns, rows), format="binary")
    await connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (number)")
    await connection.execute(f"ANALYZE {name}")


def _kind(values: NDArray[Any]) -> str:
    return "b" if values.dtype.kind == "b" else f"{values.dtype.kind}{values.dtype.itemsize}"


async def _binary(columns: Mapping[str, NDArray[Any]], rows: int) -> AsyncIterator[bytes]:
    """PostgreSQL's binary COPY format: big-endian, each field behind its length."""
    wide = {"b": "?", "u1": ">i2", "u2": ">i4"}
    layout = [("fields", ">i2")]
    for name, values in columns.items():
        stored = wide.get(_kind(values), f">i{values.dtype.itemsize}")
        layout += [(f"{name} length", ">i4"), (name, stored)]
    yield b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for start in range(0, rows, BLOCK):
        part = np.zeros(min(BLOCK, rows - start), dtype=layout)
        part["fields"] = len(columns)
        for name, values in columns.items():
            part[name] = values[start : start + BLOCK]
            part[f"{name} length"] = part[name].dtype.itemsize
        yield part.tobytes()
    yield b"\xff\xff"
