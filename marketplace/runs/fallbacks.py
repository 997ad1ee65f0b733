"""What nobody took goes to the principal of its item, by a signed Fallback.

The run, or a tick of its cascade, stores which requests these are; their documents follow as those of
assignments do, chunk by chunk out of the outbox (`signing`). Until one is stored, a reader gets it signed for
the occasion, with the same bytes.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.market import Market
from marketplace.models import PublishedRequest
from marketplace.models.catalogue import CatalogueEntry, RunFallback, SignedFallback
from vrm.documents import Fallback, Signed, sign

KIND = "sign-fallbacks"


async def sign_chunk(market: Market, connection: AsyncConnection, key: str) -> None:
    """Sign and store the fallbacks of a run or tick, of requests whose digests begin as the item's key says."""
    day, tick, first = key.split("/")
    request = RunFallback.request
    chunk = _to_sign(day).where(
        RunFallback.tick == int(tick), request >= first, request < first + "~"
    )
    await _sign(market, connection, chunk)


async def page(connection: AsyncConnection, day: str, after: str, limit: int) -> Sequence[AnyRow]:
    """A day's fallbacks by request, with the signed document where there is one already."""
    query = (
        _to_sign(day)
        .add_columns(SignedFallback.wire)
        .outerjoin(
            SignedFallback,
            (SignedFallback.day == RunFallback.day)
            & (SignedFallback.request == RunFallback.request),
        )
        .where(RunFallback.request > after)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


def sign_all(market: Market, rows: Sequence[AnyRow]) -> list[Signed[Fallback]]:
    """The documents of fallbacks, as `page` finds them."""
    return [sign(_document(market, row), market.identity.key) for row in rows]


def _to_sign(day: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            RunFallback.day,
            RunFallback.request,
            RunFallback.tick,
            CatalogueEntry.principal,
            CatalogueEntry.item,
            PublishedRequest.amount,
            PublishedRequest.currency,
        )
        .join(CatalogueEntry, CatalogueEntry.digest == RunFallback.item)
        .join(PublishedRequest, PublishedRequest.digest == RunFallback.request)
        .where(RunFallback.day == day)
        .order_by(RunFallback.request)
    )


async def _sign(
    market: Market, connection: AsyncConnection, query: Select[*tuple[Any, ...]]
) -> None:
    rows = (await connection.execute(query)).all()
    signed = await asyncio.to_thread(sign_all, market, rows)
    # One after the other until they commit, so that no lower position appears behind a reader.
    await take_turns(connection, ["signed_fallbacks"])
    last = (await connection.execute(select(func.max(SignedFallback.position)))).scalar_one()
    stored = [
        {
            "day": row.day,
            "request": row.request,
            "position": position,
            "principal": row.principal,
            "wire": one.wire,
        }
        for position, (row, one) in enumerate(zip(rows, signed, strict=True), start=(last or 0) + 1)
    ]
    if stored:
        await connection.execute(insert(SignedFallback), stored)


def _document(market: Market, row: AnyRow) -> Fallback:
    return Fallback(
        market=market.did,
        day=row.day,
        request=row.request,
        principal=row.principal,
        item=row.item,
        amount=row.amount,
        currency=row.currency,
        tick=row.tick,
    )
