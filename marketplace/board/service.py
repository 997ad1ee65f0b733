"""The use cases of the board."""

import msgspec

from marketplace.board import repository
from marketplace.board.schemas import BoardFilter, BoardItem, BoardState
from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.http.paging import FollowedPage, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.moderation import service as moderation
from marketplace.questions import service as questions
from marketplace.questions.schemas import QuestionView
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
    found: list[tuple[AnyRow, int | None]] = []
    more, looked_at = True, 0
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        while more and len(found) < limit and looked_at < MOST_LOOKED_AT:
            rows = await repository.page(connection, wanted, now, after, CHUNK + 1)
            more = len(rows) > CHUNK
            for row in rows[:CHUNK]:
                if len(found) == limit:
                    more = True
                    break
                looked_at += 1
                after = (row.published_at, row.digest)
                distance = _distance(row, wanted.near)
                if wanted.within_m is None or distance is None or distance <= wanted.within_m:
                    found.append((row, distance))
        asked = await questions.on_requests(connection, [row.digest for row, _ in found])
    items = [_item(row, distance, now, asked) for row, distance in found]
    here = None if after == START else write_cursor(*after)
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def show(market: Market, digest: str) -> BoardItem:
    """Show one request.

    Raises:
        Refused: nothing with this digest was published, or it is hidden.
    """
    async with market.db.snapshot() as connection:
        row = await repository.find(connection, digest)
        await moderation.require_shown(connection, digest)
        now = await market.db.now(connection)
        asked = await questions.on_requests(connection, [digest])
    if row is None:
        raise Refused("unknown-request", "No published request has this digest.", "request")
    return _item(row, None, now, asked)


def _distance(row: AnyRow, near: Point | None) -> int | None:
    return None if near is None else distance_m(near, Point(row.lat_e6, row.lng_e6))


def _item(
    row: AnyRow, distance: int | None, now: int, asked: dict[str, list[QuestionView]]
) -> BoardItem:
    return BoardItem(
        request=row.digest,
        state=_state(row, now),
        published_at=instant_text(row.published_at),
        bids_close=instant_text(row.bids_close),
        cutoff=instant_text(row.cutoff),
        distance_m=distance,
        document=msgspec.Raw(row.wire),
        questions=asked.get(row.digest, []),
    )


def _state(row: AnyRow, now: int) -> BoardState:
    if row.withdrawn_at is not None:
        return "withdrawn"
    return "open" if row.day is None and row.bids_close > now else "closed"
