"""Columns out of the database and into it, and the texts that are made of them a block at a time."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import crypto
from marketplace import bulk
from marketplace.db import Database
from marketplace.models import Unfilled
from marketplace.rowbytes import Gathered, json_list
from tests.support.databases import NewDatabase

pytestmark = pytest.mark.anyio

DAY = "2026-11-21"
LAYOUT = {"request": bulk.DIGEST, "tick": "i8"}
QUERY = (
    select(Unfilled.request, Unfilled.tick).where(Unfilled.day == DAY).order_by(Unfilled.request)
)


@pytest.fixture
async def db(new_database: NewDatabase) -> AsyncIterator[Database]:
    found = Database(new_database())
    yield found
    await found.dispose()


@pytest.mark.parametrize("rows", [0, 1_000_000, 100_000_000])
@pytest.mark.parametrize("connections", [1, 3])
async def test_whatever_the_parts_and_whoever_reads_them_the_columns_are_the_same(
    db: Database, rows: int, connections: int
) -> None:
    digests = sorted(crypto.base64url_encode(secrets.token_bytes(32)) for _ in range(700))
    ticks = np.arange(700) * 10**9
    columns = {"request": np.array(digests, dtype="S43"), "tick": ticks}
    async with db.unit_of_work() as connection:
        await bulk.write(connection, Unfilled, {"day": DAY, "reason": "no-bids", **columns})
    async with db.snapshot() as connection, AsyncExitStack() as twins:
        readers = [connection]
        if not db.is_sqlite:
            readers += [
                await twins.enter_async_context(db.twin(connection)) for _ in range(connections - 1)
            ]
        found = await bulk.read(readers, QUERY, LAYOUT, Unfilled.request, rows=rows)
    assert found["request"].astype("U").tolist() == digests
    assert found["tick"].tolist() == ticks.tolist()


@pytest.mark.parametrize("rows", [0, 100_000_000])
async def test_of_nothing_come_columns_without_rows(db: Database, rows: int) -> None:
    async with db.snapshot() as connection:
        found = await bulk.read([connection], QUERY, LAYOUT, Unfilled.request, rows=rows)
    assert {name: (len(column), column.dtype.kind) for name, column in found.items()} == {
        "request": (0, "S"),
        "tick": (0, "i"),
    }


async def test_parts_are_made_into_what_the_reader_wants_of_them(db: Database) -> None:
    digests = sorted(crypto.base64url_encode(secrets.token_bytes(32)) for _ in range(300))
    columns = {"request": np.array(digests, dtype="S43"), "tick": np.arange(300)}
    async with db.unit_of_work() as connection:
        await bulk.write(connection, Unfilled, {"day": DAY, "reason": "no-bids", **columns})
    async with db.snapshot() as connection:
        found = await bulk.read(
            [connection],
            QUERY,
            LAYOUT,
            Unfilled.request,
            rows=100_000_000,
            made=lambda part: {"half": (part["tick"] // 2).astype(np.int32)},
        )
    assert found["half"].tolist() == [tick // 2 for tick in range(300)]
    assert found["half"].dtype == np.int32


TEXTS = st.lists(st.text("abcXYZ-_0", min_size=1, max_size=9), min_size=1, max_size=20)


@given(st.data(), TEXTS)
def test_gathered_texts_are_those_of_their_rows(data: st.DataObject, texts: list[str]) -> None:
    width = max(map(len, texts))
    whole = [text.ljust(width, "x") for text in texts]
    parts = data.draw(st.integers(1, 4))
    picked = st.lists(st.integers(0, len(texts) - 1), max_size=parts)
    rows = data.draw(st.lists(picked, min_size=1, max_size=30))
    at = np.array([row + [-1] * (parts - len(row)) for row in rows], dtype=np.int32)
    column = Gathered(np.array(whole, dtype=f"S{width}"), at)
    expected = ["".join(whole[one] for one in row) for row in rows]
    assert column[0 : len(rows)].astype("U").tolist() == expected
    some = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10))
    taken = column.take(np.array(some, dtype=np.int64))
    assert taken.astype("U").tolist() == [expected[row] for row in some]


def test_nothing_can_be_gathered_of_no_texts() -> None:
    column = Gathered(np.empty(0, dtype="S43"), np.full((2, 5), -1, dtype=np.int32))
    assert column[0:2].tolist() == [b"", b""]


@given(
    st.lists(
        st.tuples(
            st.text("abcXYZ-_0", max_size=9),
            st.integers(0, 2**62) | st.integers(0, 20),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_columns_become_the_json_of_their_rows(rows: list[tuple[str, int, bool]]) -> None:
    texts, numbers, flags = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 3
    )
    written = json_list(
        len(rows),
        [
            b'["',
            np.array(texts, dtype="S9"),
            b'",',
            np.array(numbers, dtype=np.int64),
            b",",
            np.where(np.array(flags, dtype=np.bool_), b"true", b"false"),
            b"]",
        ],
    )
    assert json.loads(b"".join(written)) == [list(row) for row in rows]
