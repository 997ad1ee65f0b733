"""The use cases of the board."""

import msgspec

from marketplace.board import repository
from marketplace.board.schemas import BoardFilter, BoardItem, BoardState
from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.http.paging import FollowedPage, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from vrm.documents.place import Point, distance_m

START = (-1, "")

CHUNK = 500
"""Rows that one query reads, however small the page."""

MOST_LOOKED_AT = 5_000
"""Rows that one call looks at; a page may end early, with a cursor to go on from."""


async def list_items(
    market: Market, wanted: BoardFilter, cursor: str | None, limit: int
) -> FollowedPage[BoardItem]:
    """List requests in order of publication.

    Later publications always follow the cursor `resume`, since a batch's instant is later than all before.
    """
    after = read_cursor(cursor, tuple[int, str]) or START
    items: list[BoardItem] = []
    more, looked_at = True, 0
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        while more and len(items) < limit and looked_at < MOST_LOOKED_AT:
            rows = await repository.page(connection, wanted, now, after, CHUNK + 1)
            more = len(rows) > CHUNK
            for row in rows[:CHUNK]:
                if len(items) == limit:
                    more = True
                    break
                looked_at += 1
                after = (row.published_at, row.digest)
                item = _item(row, wanted.near, now)
                if _is_near(item, wanted):
                    items.append(item)
    here = None if after == START else write_cursor(*after)
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def show(market: Market, digest: str) -> BoardItem:
    """Show one request.

    Raises:
        Refused: nothing with this digest was published.
    """
    async with market.db.snapshot() as connection:
        row = await repository.find(connection, digest)
        now = await market.db.now(connection)
    if row is None:
        raise Refused("unknown-request", "No published request has this digest.", "request")
    return _item(row, None, now)


def _is_near(item: BoardItem, wanted: BoardFilter) -> bool:
    if wanted.within_m is None or item.distance_m is None:
        return True
    return item.distance_m <= wanted.within_m


def _item(row: AnyRow, near: Point | None, now: int) -> BoardItem:
    return BoardItem(
        request=row.digest,
        state=_state(row, now),
        published_at=instant_text(row.published_at),
        bids_close=instant_text(row.bids_close),
        cutoff=instant_text(row.cutoff),
        distance_m=None if near is None else distance_m(near, Point(row.lat_e6, row.lng_e6)),
        document=msgspec.Raw(row.wire),
    )


def _state(row: AnyRow, now: int) -> BoardState:
    if row.withdrawn_at is not None:
        return "withdrawn"
    return "open" if row.day is None and row.bids_close > now else "closed"
