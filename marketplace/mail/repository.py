"""Every query about mail."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, delete, exists, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new
from marketplace.mail.sealing import Letter
from marketplace.models import BatchClock, PublishedRequest, StoredBid, StoredBidWithdrawal
from marketplace.models_mail import MailSegment, MailWaiting, StoredQuestion
from vrm.documents.mail import Purpose

Key = tuple[str, str]
"""A waiting document: its purpose and its digest."""

CLOCK: Final = 2
"""The row of `BatchClock` that tells up to which instant mail was published."""


async def add_waiting(
    connection: AsyncConnection, purpose: Purpose, documents: Sequence[str]
) -> None:
    """Let documents wait to be sealed."""
    if documents:
        rows = [{"purpose": purpose, "document": digest} for digest in documents]
        await connection.execute(insert(MailWaiting), rows)


async def waits_since(connection: AsyncConnection, instant: int) -> bool:
    """Tell whether something waits that the mail of an instant has not taken."""
    query = select(MailWaiting.document).where(
        ~exists().where(BatchClock.id == CLOCK, BatchClock.instant >= instant)
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def come_to(connection: AsyncConnection, instant: int) -> None:
    """Note that all mail of an instant is published."""
    row = {"id": CLOCK, "instant": instant}
    if not await insert_new(connection, BatchClock, row):
        await connection.execute(
            update(BatchClock)
            .where(BatchClock.id == CLOCK, BatchClock.instant < instant)
            .values(instant=instant)
        )


async def next_waiting(connection: AsyncConnection, after: Key, limit: int) -> list[Key]:
    """The next documents that wait, in order of purpose and digest."""
    keys = (MailWaiting.purpose, MailWaiting.document)
    query = select(*keys).where(tuple_(*keys) > after).order_by(*keys).limit(limit)
    return [(row.purpose, row.document) for row in await connection.execute(query)]


async def letters(connection: AsyncConnection, waiting: Sequence[Key]) -> list[Letter]:
    """What waits, with the requests that it is about; a bid that is not live any more is left out."""
    found: list[Letter] = []
    for purpose, query in _SOURCES.items():
        digests = [digest for kind, digest in waiting if kind == purpose]
        if digests:
            column, statement = query
            rows = await connection.execute(statement.where(column.in_(digests)))
            found += [Letter(purpose, *row) for row in rows]
    return found


async def take_waiting(connection: AsyncConnection, waiting: Sequence[Key]) -> bool:
    """Take documents out of what waits; tell whether all of them still waited."""
    keys = tuple_(MailWaiting.purpose, MailWaiting.document)
    taken = await connection.execute(delete(MailWaiting).where(keys.in_(waiting)))
    return taken.rowcount == len(waiting)


async def add_segment(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a segment."""
    await connection.execute(insert(MailSegment), row)


async def page(connection: AsyncConnection, after: tuple[int, str], limit: int) -> Sequence[AnyRow]:
    """List segments without their bytes, in order of instant and name."""
    row = MailSegment
    query = (
        select(row.segment, row.instant, row.messages, row.size)
        .where(tuple_(row.instant, row.segment) > after)
        .order_by(row.instant, row.segment)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def content(connection: AsyncConnection, segment: str) -> bytes | None:
    """The bytes of a segment."""
    query = select(MailSegment.content).where(MailSegment.segment == segment)
    return (await connection.execute(query)).scalar_one_or_none()


def _about(document: Any, request: Any) -> Select[*tuple[Any, ...]]:
    return select(PublishedRequest.digest, PublishedRequest.wire, document.wire).join(
        PublishedRequest, PublishedRequest.digest == request
    )


_SOURCES: Final[dict[Purpose, tuple[Any, Select[*tuple[Any, ...]]]]] = {
    "bid": (
        StoredBid.digest,
        _about(StoredBid, StoredBid.request).where(StoredBid.state == "live"),
    ),
    "bid-withdrawal": (
        StoredBidWithdrawal.digest,
        select(PublishedRequest.digest, PublishedRequest.wire, StoredBidWithdrawal.wire)
        .join(StoredBid, StoredBid.digest == StoredBidWithdrawal.bid)
        .join(PublishedRequest, PublishedRequest.digest == StoredBid.request),
    ),
    "question": (StoredQuestion.digest, _about(StoredQuestion, StoredQuestion.request)),
}
