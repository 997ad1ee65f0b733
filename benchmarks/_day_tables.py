"""A made-up day in a market's tables, as it stands when its cutoff has passed.

Documents are left out, since no run reads them; bids lie in the order in which they might have come.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks._market_day import market_day
from marketplace.db import Database
from marketplace.models import (
    Base,
    PlaceNumber,
    PublishedRequest,
    Run,
    StoredBid,
    Vendor,
    VendorPlace,
)
from marketplace.resolver import Market, Policy, Way
from marketplace.resolver.ids import text_ids
from marketplace.resolver.tables import label
from marketplace.rowbytes import Column, blocks, joined

DAY = "2026-11-21"
CUTOFF = 1_795_280_400

Columns = Mapping[str, str | Column]
"""By name: texts (``S``) or integers, or one value for all rows, as PostgreSQL reads it."""


async def fill(db: Database, requests: int) -> None:
    """Store a day of so many requests with ten bids each, and its run, which is due."""
    market = market_day(requests)
    for table, columns in _tables(market):
        async with db.unit_of_work() as connection:
            rows = next(len(column) for column in columns.values() if not isinstance(column, str))
            if db.is_sqlite:
                await _insert(connection, table, columns, rows)
                continue
            # Ten million entries sorted once take a fraction of the time of as many put in one by one.
            indexes = sorted(
                cast(Table, table.__table__).indexes, key=lambda index: str(index.name)
            )
            for index in indexes:
                await connection.run_sync(index.drop)
            await _copy(connection, table, columns, rows)
            for index in indexes:
                await connection.run_sync(index.create)


def _tables(market: Market) -> Iterator[tuple[type[Base], Columns]]:
    random = np.random.default_rng(1)
    places = market.places
    yield Vendor, {
        "did": places.did, "seq": "1", "name": "Shop", "profile_digest": "A" * 43, "wire": "",
        "suspended": _flags(~places.admitted),
    }  # fmt: skip
    yield VendorPlace, {
        "vendor": places.did, "place": "shop", "lat_e6": "0", "lng_e6": "0",
        "reach_m": places.reach_m, "capacity": places.capacity,
    }  # fmt: skip
    numbers = np.arange(1, len(places.did) + 1)
    yield PlaceNumber, {"number": numbers, "vendor": places.did, "place": "shop"}
    digests, asked = market.requests.id, market.requests
    policies = np.array([label(policy).encode() for policy in Policy])
    yield PublishedRequest, {
        "digest": digests, "pseudonym": digests, "published_at": "1", "publish_by": "1",
        "bids_close": "1", "cutoff": str(CUTOFF), "category": "other",
        "price_kind": np.where(asked.fixed, b"fixed", b"ceiling"), "amount": asked.price,
        "currency": "EUR", "lat_e6": "0", "lng_e6": "0", "radius_m": asked.radius_m,
        "ships": _flags(asked.ways & int(Way.SHIP)),
        "picked_up": _flags(asked.ways & int(Way.PICKUP)),
        "on_site": _flags(asked.ways & int(Way.ON_SITE)),
        "policy": policies.take(asked.policy), "terms": "A" * 43, "wire": "",
    }  # fmt: skip
    came = random.permutation(len(market.bids.price))
    bids = {name: getattr(market.bids, name)[came] for name in ("request", "place", "price")}
    ways = np.array([b"", b"ship", b"pickup", b"", b"on-site"])
    yield StoredBid, {
        "digest": text_ids(np.frombuffer(random.bytes(32 * len(came)), np.uint8).reshape(-1, 32)),
        "request": digests.take(bids["request"]), "vendor": places.did.take(bids["place"]),
        "place": "shop", "place_number": numbers.take(bids["place"]), "seq": "1",
        "amount": bids["price"], "delivery": ways.take(market.bids.way[came]),
        "way": market.bids.way[came], "distance_m": market.bids.distance_m[came],
        "state": "live", "wire": "",
    }  # fmt: skip
    yield Run, {
        "day": np.array([DAY.encode()]), "cutoff": str(CUTOFF), "takes_until": str(CUTOFF),
        "ordinal": "1", "stage": "due",
    }  # fmt: skip


def _flags(values: NDArray[Any]) -> Column:
    return np.where(values != 0, b"1", b"0")


async def _copy(
    connection: AsyncConnection, table: type[Base], columns: Columns, rows: int
) -> None:
    # The rows refer to one another rightly; to look at each of millions would take minutes.
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    driver: Any = (await connection.get_raw_connection()).driver_connection

    async def lines() -> AsyncIterator[bytes]:
        for block in blocks(rows):
            pieces: list[bytes | Column] = []
            for column in columns.values():
                if isinstance(column, str):
                    pieces += [b'"' + column.encode() + b'"', b","]
                else:
                    part = column[block]
                    pieces += [part if part.dtype.kind == "S" else part.astype(np.bytes_), b","]
            yield joined(block.stop - block.start, [*pieces[:-1], b"\n"])

    await driver.copy_to_table(
        table.__tablename__, columns=list(columns), source=lines(), format="csv"
    )


async def _insert(
    connection: AsyncConnection, table: type[Base], columns: Columns, rows: int
) -> None:
    kinds = {column.name: column.type.python_type for column in table.__table__.columns}
    for block in blocks(rows):
        values = [
            [kinds[name](column.encode() if kinds[name] is bytes else column)]
            * (block.stop - block.start)
            if isinstance(column, str)
            else [
                kinds[name](int(value)) if kinds[name] is bool else value
                for value in (
                    column[block].astype("U") if column.dtype.kind == "S" else column[block]
                ).tolist()
            ]
            for name, column in columns.items()
        ]
        lines = [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
        await connection.execute(insert(table), lines)
