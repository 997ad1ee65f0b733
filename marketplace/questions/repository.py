"""Every query about questions and answers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import PublishedRequest, Vendor
from marketplace.models.mail import StoredAnswer, StoredQuestion
from marketplace.questions.rules import Asked


async def find_request(connection: AsyncConnection, digest: str) -> Asked | None:
    """Find a published request."""
    query = select(PublishedRequest.__table__).where(PublishedRequest.digest == digest)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    withdrawn, resolved = row.withdrawn_at is not None, row.day is not None
    return Asked(row.pseudonym, withdrawn, row.hidden, resolved, row.bids_close)


async def is_suspended(connection: AsyncConnection, vendor: str) -> bool | None:
    """Tell whether a vendor is suspended; none if it is not registered."""
    query = select(Vendor.suspended).where(Vendor.did == vendor)
    return (await connection.execute(query)).scalar_one_or_none()


async def find(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a question."""
    query = select(StoredQuestion.__table__).where(StoredQuestion.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def has_asked(connection: AsyncConnection, vendor: str, request: str) -> bool:
    """Tell whether a vendor has asked about a request."""
    query = select(StoredQuestion.digest).where(
        StoredQuestion.request == request, StoredQuestion.vendor == vendor
    )
    return (await connection.execute(query)).first() is not None


async def add(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a question."""
    await connection.execute(insert(StoredQuestion), row)


async def find_answer(connection: AsyncConnection, question: str) -> AnyRow | None:
    """Find the published answer to a question."""
    query = select(StoredAnswer.__table__).where(StoredAnswer.question == question)
    return (await connection.execute(query)).one_or_none()


async def add_answers(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store answers; they come sorted by question."""
    if rows:
        await connection.execute(insert(StoredAnswer), list(rows))


async def on_requests(connection: AsyncConnection, requests: Sequence[str]) -> Sequence[AnyRow]:
    """The questions about requests with their answers, by request and vendor."""
    row = StoredQuestion
    query = (
        select(
            *(row.request, row.digest, row.wire),
            *(StoredAnswer.wire.label("answer"), StoredAnswer.digest.label("answered")),
        )
        .outerjoin(StoredAnswer, StoredAnswer.question == row.digest)
        .where(row.request.in_(requests))
        .order_by(row.request, row.vendor)
    )
    return (await connection.execute(query)).all()
