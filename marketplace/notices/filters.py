"""The use cases about saved board filters: a vendor is told of each request that passes one of its own."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.jobs import outbox
from marketplace.market import Market
from marketplace.notices import repository, service
from marketplace.notices.matching import Filters
from marketplace.notices.schemas import EventData, FiltersStored, FiltersView
from vrm.documents import SavedFilters, read

KIND: Final = "tell-requests"
BLOCK: Final = 100
"""Requests that are looked at in one transaction; each may concern every vendor."""


async def save(market: Market, raw: bytes) -> tuple[FiltersStored, bool]:
    """Make a list of filters the vendor's one; tells whether this call did so.

    Raises:
        Refused: an unknown vendor, an unlisted category, or a sequence number that is not the newest.
    """
    signed = read(raw, SavedFilters)
    body = signed.body
    market.check_addressed(body)
    unknown = {one.category for one in body.filters if one.category} - {
        category.id for category in market.rules.categories
    }
    if unknown:
        detail = f"Not a category here: {', '.join(sorted(unknown))}."
        raise Refused("unknown-category", detail, "filters")
    answer = FiltersStored(vendor=body.vendor, filters=signed.digest, seq=body.seq)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        if not await repository.newest(connection, [body.vendor]):
            raise Refused("unknown-vendor", "Register the vendor before its filters.", "vendor")
        stored = await repository.filter_list(connection, body.vendor)
        if stored is not None and stored.digest == signed.digest:
            return answer, False
        if stored is not None and body.seq <= stored.seq:
            detail = f"The stored document has seq {stored.seq}; send a higher one."
            raise Refused("stale-sequence", detail, "seq")
        row = {
            "vendor": body.vendor,
            "seq": body.seq,
            "digest": signed.digest,
            "wire": signed.wire,
        }
        rows = [
            {
                "vendor": body.vendor,
                "filter": one.id,
                "category": one.category or None,
                "lat_e6": None if one.near is msgspec.UNSET else one.near.lat_e6,
                "lng_e6": None if one.near is msgspec.UNSET else one.near.lng_e6,
                "within_m": None if one.near is msgspec.UNSET else one.near.within_m,
                "min_price": None if one.min_price is msgspec.UNSET else one.min_price,
                "max_price": None if one.max_price is msgspec.UNSET else one.max_price,
                "delivery": one.delivery or None,
            }
            for one in body.filters
        ]
        await repository.save_filters(connection, row, rows)
    return answer, True


async def show(market: Market, vendor: str) -> FiltersView:
    """Show a vendor its own filters."""
    async with market.db.snapshot() as connection:
        row = await repository.filter_list(connection, vendor)
    return FiltersView(document=None if row is None else msgspec.Raw(row.wire))


async def published(connection: AsyncConnection, instant: int) -> None:
    """Have vendors told of what a batch has published, in the transaction that publishes it."""
    if await repository.any_filter(connection):
        await outbox.put(connection, KIND, [f"{instant}/"], run_at=instant)


async def tell_block(market: Market, connection: AsyncConnection, key: str) -> None:
    """Tell vendors of the next requests of a batch, and leave the rest to the next item."""
    instant, after = key.split("/")
    requests = await repository.requests(connection, int(instant), after, BLOCK)
    filters = await repository.filters(connection)
    told = await asyncio.to_thread(_told, filters, requests)
    await service.tell_many(connection, int(instant), told)
    if len(requests) == BLOCK:
        now = await market.db.now(connection)
        await outbox.put(connection, KIND, [f"{instant}/{requests[-1].digest}"], run_at=now)


def _told(filters: Sequence[AnyRow], requests: Sequence[AnyRow]) -> list[service.About]:
    columns = Filters(filters)
    return [
        (
            vendor,
            "request.published",
            EventData(request=request.digest, filters=tuple(sorted(names))),
        )
        for request in requests
        for vendor, names in columns.passed_by(request).items()
    ]
