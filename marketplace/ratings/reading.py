"""Lists of ratings that are open."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.moderation import service as moderation
from marketplace.ratings import repository
from marketplace.ratings.schemas import RatedView, RatingsView, SaidView

Hidden = Mapping[str, bytes]


async def list_of_vendor(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> Page[RatingsView]:
    """List the open ratings of a vendor's assignments, newest first; none of one that nobody knows."""
    before = read_cursor(cursor, tuple[int, str]) or (repository.NEVER, "")
    async with market.db.snapshot() as connection:
        found = await repository.page_of_vendor(connection, vendor, before, limit + 1)
        rows, more = cut(found, limit)
        items = await _views(connection, rows)
    last = write_cursor(rows[-1].revealed_at, rows[-1].assignment) if more else None
    return Page(items=items, next=last)


async def list_of_request(market: Market, request: str) -> Page[RatingsView]:
    """List the open ratings of a request's assignment."""
    async with market.db.snapshot() as connection:
        rows = await repository.of_request(connection, request)
        return Page(items=await _views(connection, rows))


async def _views(connection: AsyncConnection, rows: Sequence[AnyRow]) -> list[RatingsView]:
    said = [(row.rating, row.back, row.answer, row.back_answer) for row in rows]
    digests = [digest for four in said for digest in four if digest]
    hidden = await moderation.hidden(connection, digests)
    return [_view(row, hidden) for row in rows]


def _view(row: AnyRow, hidden: Hidden) -> RatingsView:
    return RatingsView(
        request=row.request,
        assignment=row.assignment,
        vendor=row.vendor,
        revealed_at=instant_text(row.revealed_at),
        tier=row.tier or "new",
        reveal=msgspec.Raw(row.wire),
        by_customer=_rated(
            row.stars, (row.rating, row.rating_wire), (row.answer, row.answer_wire), hidden
        ),
        by_vendor=_rated(
            row.back_stars,
            (row.back, row.back_wire),
            (row.back_answer, row.back_answer_wire),
            hidden,
        ),
    )


def _rated(
    stars: int | None,
    rating: tuple[str | None, bytes],
    answer: tuple[str | None, bytes],
    hidden: Hidden,
) -> RatedView | None:
    said = _said(*rating, hidden)
    if said is None or stars is None:
        return None
    return RatedView(stars=stars, rating=said, answer=_said(*answer, hidden))


def _said(digest: str | None, wire: bytes, hidden: Hidden) -> SaidView | None:
    if digest is None:
        return None
    decision = hidden.get(digest)
    return SaidView(
        digest=digest,
        document=None if decision else msgspec.Raw(wire),
        hidden=msgspec.Raw(decision) if decision else None,
    )
