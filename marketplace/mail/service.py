"""The use cases about mail."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import MarketError, Refused
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.mail import repository
from marketplace.mail.rules import Key, bits_of, first_bucket
from marketplace.mail.schemas import SegmentView
from marketplace.mail.sealing import seal_all
from marketplace.market import Market
from vrm.documents.mail import Purpose, is_late_since, name_of, pack
from vrm.documents.membership import DAY_SECONDS

MESSAGES: Final = 256
"""The most messages of a segment: with common sizes it has half a megabyte, at the very most eight."""

COPIES: Final[Mapping[str, Purpose]] = {
    "PersonalRequest": "request",
    "RequestWithdrawal": "withdrawal",
    "Preference": "preference",
    "Answer": "answer",
    "Disclosure": "disclosure",
    "Confirmation": "confirmation",
    "Message": "message",
    "Rating": "rating",
    "VendorRatingAnswer": "vendor-rating-answer",
    "Cancellation": "cancellation",
    "Handover": "handover",
    "Dispute": "dispute",
}
"""As what a document that a pseudonym posted comes back to it, by its type."""

_TURN: Final = "mail"
"""What transactions that publish mail take turns on."""

Reach = Callable[[str], None]


class _Overtaken(MarketError):
    """Another worker has sealed the same documents."""


class _Over(MarketError):
    """Another worker has published all mail of the instant."""


async def put(
    market: Market, connection: AsyncConnection, purpose: Purpose, documents: Sequence[str]
) -> None:
    """Let documents, stored in the same transaction, wait to be sealed to their requests' owners."""
    late_before = is_late_since(market.rules, await market.db.now(connection))
    await repository.add_waiting(connection, purpose, documents, late_before)


async def put_copies(market: Market, connection: AsyncConnection, rows: Iterable[AnyRow]) -> None:
    """Let what pseudonyms posted, as it is taken out of what waits and stored, go back to them."""
    digests: dict[Purpose, list[str]] = defaultdict(list)
    for row in rows:
        digests[COPIES[row.kind]].append(row.digest)
    for purpose, documents in digests.items():
        await put(market, connection, purpose, documents)


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant the segments that are older than the market keeps them."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget_segments(connection, instant - keep)


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
        waiting_for_runs = await repository.open_mailboxes(connection, instant)
    bits = bits_of(waiting_for_runs, market.rules.mail.bucket_minimum)
    published = 0
    after: Key = (-1, "", "")
    while True:
        async with market.db.snapshot() as connection:
            found = await repository.next_waiting(connection, after, MESSAGES)
            bucket, waiting = first_bucket(found, bits)
            letters = await repository.letters(connection, waiting)
        if not waiting:
            break
        boxes = await asyncio.to_thread(seal_all, letters, market.identity.key)
        reach("mail-sealed")
        try:
            await _store(market, instant, bucket, waiting, boxes)
        except _Overtaken:
            continue  # what is left of these is looked at again
        except _Over:
            return published
        published += len(boxes)
        after = waiting[-1]
        reach("mail-stored")
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [_TURN])
        await repository.come_to(connection, instant)
    await market.db.forget_order()
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
            bucket=row.bucket,
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
    market: Market, instant: int, bucket: str, waiting: Sequence[Key], boxes: Sequence[bytes]
) -> None:
    """Store a segment in the transaction that takes its documents out of what waits."""
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [_TURN])
        if await repository.has_come_to(connection, instant):
            raise _Over
        if not await repository.take_waiting(connection, waiting):
            raise _Overtaken
        if boxes:
            content = pack(boxes)
            row = {
                "segment": name_of(content),
                "bucket": bucket,
                "instant": instant,
                "messages": len(boxes),
                "size": len(content),
                "content": content,
            }
            await repository.add_segment(connection, row)
