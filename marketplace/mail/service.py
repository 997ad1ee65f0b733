"""The use cases about mail."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.errors import MarketError, Refused
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.mail import repository
from marketplace.mail.repository import Key
from marketplace.mail.schemas import SegmentView
from marketplace.mail.sealing import seal_all
from marketplace.market import Market
from vrm.documents.mail import Purpose, name_of, pack

MESSAGES: Final = 256
"""The most messages of a segment: with common sizes it has half a megabyte, at the very most eight."""


Reach = Callable[[str], None]


class _Overtaken(MarketError):
    """Another worker has sealed the same documents."""


async def put(connection: AsyncConnection, purpose: Purpose, documents: Sequence[str]) -> None:
    """Let vendors' documents, stored in the same transaction, wait to be sealed to their requests' owners."""
    await repository.add_waiting(connection, purpose, documents)


async def is_due(market: Market) -> bool:
    """Tell whether a batch instant has come whose mail is not published yet."""
    async with market.db.snapshot() as connection:
        instant = market.calendar.batch_at_or_before(await market.db.now(connection))
        return await repository.waits_since(connection, instant)


async def publish(market: Market, reach: Reach = lambda _: None) -> int:
    """Seal and publish what waits, if a batch instant calls for it; answers how many messages.

    It passes once over what waits, a segment at a time: a call that was killed is taken up by the next one,
    and of two at once only one publishes each document. `reach` is told when letters are sealed, and stored.
    """
    async with market.db.snapshot() as connection:
        instant = market.calendar.batch_at_or_before(await market.db.now(connection))
        if not await repository.waits_since(connection, instant):
            return 0
    published = 0
    after: Key = ("", "")
    while True:
        async with market.db.snapshot() as connection:
            waiting = await repository.next_waiting(connection, after, MESSAGES)
            letters = await repository.letters(connection, waiting)
        if not waiting:
            break
        boxes = await asyncio.to_thread(seal_all, letters, market.identity.key)
        reach("mail-sealed")
        with contextlib.suppress(_Overtaken):  # then what is left of these is looked at again
            await _store(market, instant, waiting, boxes)
            published += len(boxes)
            after = waiting[-1]
        reach("mail-stored")
    async with market.db.unit_of_work() as connection:
        await repository.come_to(connection, instant)
    return published


async def list_segments(
    market: Market, cursor: str | None, limit: int
) -> FollowedPage[SegmentView]:
    """List what was published, oldest first; later segments follow the cursor `resume`."""
    after = read_cursor(cursor, tuple[int, str]) or (-1, "")
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.page(connection, after, limit + 1), limit)
    here = write_cursor(rows[-1].instant, rows[-1].segment) if rows else cursor
    items = [
        SegmentView(
            segment=row.segment,
            instant=instant_text(row.instant),
            messages=row.messages,
            size=row.size,
        )
        for row in rows
    ]
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def read_segment(market: Market, segment: str) -> bytes:
    """The bytes of a segment.

    Raises:
        Refused: there is none of this name.
    """
    async with market.db.snapshot() as connection:
        content = await repository.content(connection, segment)
    if content is None:
        raise Refused("not-found", "The mail has no such segment.", "segment")
    return content


async def _store(
    market: Market, instant: int, waiting: Sequence[Key], boxes: Sequence[bytes]
) -> None:
    """Store a segment in the transaction that takes its documents out of what waits."""
    async with market.db.unit_of_work() as connection:
        if not await repository.take_waiting(connection, waiting):
            raise _Overtaken
        if boxes:
            content = pack(boxes)
            row = {
                "segment": name_of(content),
                "instant": instant,
                "messages": len(boxes),
                "size": len(content),
                "content": content,
            }
            await repository.add_segment(connection, row)
