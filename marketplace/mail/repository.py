"""Every query about mail."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import clocks
from marketplace.db import AnyRow
from marketplace.mail.rules import EVERYBODYS, Key
from marketplace.mail.sealing import Letter
from marketplace.models import (
    BatchClock,
    PublishedRequest,
    PublishedWithdrawal,
    StoredBid,
    StoredBidWithdrawal,
)
from marketplace.models.disputes import StoredDispute, StoredRuling
from marketplace.models.fulfilment import (
    StoredCancellation,
    StoredConfirmation,
    StoredDisclosure,
    StoredHandover,
    StoredShipment,
    StoredVendorCancellation,
)
from marketplace.models.mail import (
    MailSegment,
    MailWaiting,
    StoredAnswer,
    StoredPreference,
    StoredQuestion,
)
from marketplace.models.messages import StoredMessage, StoredVendorMessage
from marketplace.models.ratings import StoredRating, StoredRatingAnswer
from vrm.documents.mail import Purpose

_CHUNK: Final = 5_000
"""Digests that one query names: databases have a limit."""


async def add_waiting(
    connection: AsyncConnection, purpose: Purpose, documents: Sequence[str], late_before: int
) -> None:
    """Let documents, stored in the same transaction, wait to be sealed, in order of their mailboxes.

    Args:
        late_before: what is about requests that were published before is for everybody's bucket.
    """
    source, _ = _SOURCES[purpose]
    columns = ["mailbox", "purpose", "document"]
    mailbox = case(
        (PublishedRequest.published_at < late_before, EVERYBODYS), else_=PublishedRequest.mailbox
    )
    for at in range(0, len(documents), _CHUNK):
        found = (
            _joined(select(mailbox, literal(purpose), source.digest), purpose)
            .where(source.digest.in_(documents[at : at + _CHUNK]))
            .order_by(mailbox, source.digest)
        )
        await connection.execute(insert(MailWaiting).from_select(columns, found))


async def waits_since(connection: AsyncConnection, instant: int) -> bool:
    """Tell whether something waits that the mail of an instant has not taken."""
    query = select(MailWaiting.document).where(~_has_come_to(instant))
    return (await connection.execute(query.limit(1))).first() is not None


async def has_come_to(connection: AsyncConnection, instant: int) -> bool:
    """Tell whether all mail of an instant is published."""
    return bool((await connection.execute(select(_has_come_to(instant)))).scalar_one())


async def open_mailboxes(connection: AsyncConnection, now: int) -> dict[int, int]:
    """How many requests wait for a run, for each mailbox that has any."""
    query = (
        select(PublishedRequest.mailbox, func.count())
        .where(PublishedRequest.day.is_(None), PublishedRequest.cutoff > now)
        .group_by(PublishedRequest.mailbox)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def come_to(connection: AsyncConnection, instant: int) -> None:
    """Note that all mail of an instant is published."""
    await clocks.come_to(connection, clocks.MAIL, instant)


async def next_waiting(connection: AsyncConnection, after: Key, limit: int) -> list[Key]:
    """The next documents that wait, in order of mailbox, purpose and digest."""
    keys = (MailWaiting.mailbox, MailWaiting.purpose, MailWaiting.document)
    query = select(*keys).where(tuple_(*keys) > after).order_by(*keys).limit(limit)
    return [(row.mailbox, row.purpose, row.document) for row in await connection.execute(query)]


async def letters(connection: AsyncConnection, waiting: Sequence[Key]) -> list[Letter]:
    """What waits, with the requests that it is about; what a newer document has replaced is left out."""
    found: list[Letter] = []
    for purpose, (source, _) in _SOURCES.items():
        digests = [digest for _, kind, digest in waiting if kind == purpose]
        if digests:
            asked = select(PublishedRequest.digest, PublishedRequest.wire, source.wire)
            query = _joined(asked, purpose).where(source.digest.in_(digests))
            if source is StoredBid:
                query = query.where(StoredBid.state == "live")
            found += [Letter(purpose, *row) for row in await connection.execute(query)]
    return found


async def take_waiting(connection: AsyncConnection, waiting: Sequence[Key]) -> bool:
    """Take documents out of what waits; tell whether all of them still waited."""
    keys = tuple_(MailWaiting.mailbox, MailWaiting.purpose, MailWaiting.document)
    taken = await connection.execute(delete(MailWaiting).where(keys.in_(waiting)))
    return taken.rowcount == len(waiting)


async def add_segment(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a segment."""
    await connection.execute(insert(MailSegment), row)


async def forget_segments(connection: AsyncConnection, before: int) -> None:
    """Forget the segments of instants before one."""
    await connection.execute(delete(MailSegment).where(MailSegment.instant < before))


async def page(connection: AsyncConnection, after: tuple[int, str], limit: int) -> Sequence[AnyRow]:
    """List segments without their bytes, in order of instant and name, but for an instant that is not over.

    So nothing is ever listed before what was listed.
    """
    row = MailSegment
    query = (
        select(row.segment, row.bucket, row.instant, row.messages, row.size)
        .where(tuple_(row.instant, row.segment) > after, _has_come_to(row.instant))
        .order_by(row.instant, row.segment)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def content(connection: AsyncConnection, segment: str) -> bytes | None:
    """The bytes of a segment."""
    query = select(MailSegment.content).where(MailSegment.segment == segment)
    return (await connection.execute(query)).scalar_one_or_none()


def _has_come_to(instant: Any) -> ColumnElement[bool]:
    return exists().where(BatchClock.id == clocks.MAIL, BatchClock.instant >= instant)


def _joined(query: Select[*tuple[Any, ...]], purpose: Purpose) -> Select[*tuple[Any, ...]]:
    """Join the documents of a purpose with the requests that they are about."""
    source, request = _SOURCES[purpose]
    if source is PublishedRequest:
        return query
    joined = query.select_from(source)
    if source is StoredBidWithdrawal:
        joined = joined.join(StoredBid, StoredBid.digest == StoredBidWithdrawal.bid)
    if source is StoredAnswer:
        joined = joined.join(StoredQuestion, StoredQuestion.digest == StoredAnswer.question)
    return joined.join(PublishedRequest, PublishedRequest.digest == request)


_SOURCES: Final[dict[Purpose, tuple[Any, Any]]] = {
    "bid": (StoredBid, StoredBid.request),
    "bid-withdrawal": (StoredBidWithdrawal, StoredBid.request),
    "question": (StoredQuestion, StoredQuestion.request),
    "shipment": (StoredShipment, StoredShipment.request),
    "vendor-cancellation": (StoredVendorCancellation, StoredVendorCancellation.request),
    "request": (PublishedRequest, PublishedRequest.digest),
    "withdrawal": (PublishedWithdrawal, PublishedWithdrawal.request),
    "preference": (StoredPreference, StoredPreference.request),
    "answer": (StoredAnswer, StoredQuestion.request),
    "disclosure": (StoredDisclosure, StoredDisclosure.request),
    "confirmation": (StoredConfirmation, StoredConfirmation.request),
    "message": (StoredMessage, StoredMessage.request),
    "vendor-message": (StoredVendorMessage, StoredVendorMessage.request),
    "rating": (StoredRating, StoredRating.request),
    "vendor-rating": (StoredRating, StoredRating.request),
    "rating-answer": (StoredRatingAnswer, StoredRatingAnswer.request),
    "vendor-rating-answer": (StoredRatingAnswer, StoredRatingAnswer.request),
    "cancellation": (StoredCancellation, StoredCancellation.request),
    "handover": (StoredHandover, StoredHandover.request),
    "dispute": (StoredDispute, StoredDispute.request),
    "vendor-dispute": (StoredDispute, StoredDispute.request),
    "ruling": (StoredRuling, StoredRuling.request),
}
"""Where the documents of each purpose are stored, and what names their requests."""
