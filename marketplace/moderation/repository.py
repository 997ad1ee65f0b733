"""Every query about reports and decisions."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new, upsert
from marketplace.models import PublishedRequest, StoredBid
from marketplace.models.catalogue import CatalogueEntry
from marketplace.models.mail import StoredAnswer, StoredQuestion
from marketplace.models.moderation import StoredModeration, StoredReport
from marketplace.models.ratings import StoredRating, StoredRatingAnswer
from vrm.documents.market import Hideable

BLOCK = 1000
HIDEABLE: dict[Hideable, Any] = {
    "PersonalRequest": PublishedRequest,
    "Bid": StoredBid,
    "Question": StoredQuestion,
    "Answer": StoredAnswer,
    "CatalogueItem": CatalogueEntry,
    "Rating": StoredRating,
    "VendorRating": StoredRating,
    "RatingAnswer": StoredRatingAnswer,
    "VendorRatingAnswer": StoredRatingAnswer,
}
"""Where documents lie that have words of their own, by type."""

_AMONG: Final[dict[Hideable, ColumnElement[bool]]] = {
    # Nobody finds out by a report that a rating is there that is not open yet.
    "Rating": StoredRating.by_customer & StoredRating.revealed,
    "VendorRating": ~StoredRating.by_customer & StoredRating.revealed,
    "RatingAnswer": StoredRatingAnswer.publish_by.is_(None),
    "VendorRatingAnswer": StoredRatingAnswer.publish_by.is_not(None),
}
"""Which rows those of a type are, where a table has several."""


async def type_of(connection: AsyncConnection, digest: str) -> Hideable | None:
    """Tell the type of a document that could be hidden; none if there is no such document."""
    for kind, table in HIDEABLE.items():
        query = select(table.digest).where(table.digest == digest, _AMONG.get(kind, true()))
        found = await connection.execute(query)
        if found.first() is not None:
            return kind
    return None


async def has_report(connection: AsyncConnection, digest: str) -> bool:
    """Tell whether a report is stored."""
    query = select(StoredReport.digest).where(StoredReport.digest == digest)
    return (await connection.execute(query)).first() is not None


async def count_reports(connection: AsyncConnection, document: str) -> int:
    """Count the reports of a document."""
    query = select(func.count()).where(StoredReport.document == document)
    return (await connection.execute(query)).scalar_one()


async def add_report(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a report."""
    await insert_new(connection, StoredReport, row)


async def reports(
    connection: AsyncConnection, after: tuple[str, str], limit: int
) -> Sequence[AnyRow]:
    """List reports with the decision about their document, by document and report."""
    row = StoredReport
    query = (
        select(row.digest, row.document, row.wire, StoredModeration.hidden)
        .outerjoin(StoredModeration, StoredModeration.document == row.document)
        .where((row.document > after[0]) | ((row.document == after[0]) & (row.digest > after[1])))
        .order_by(row.document, row.digest)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def wire_of(connection: AsyncConnection, kind: Hideable, digest: str) -> bytes:
    """A document that could be hidden."""
    table = HIDEABLE[kind]
    found: bytes = (
        await connection.execute(select(table.wire).where(table.digest == digest))
    ).scalar_one()
    return found


async def decision(connection: AsyncConnection, document: str) -> AnyRow | None:
    """The newest decision about a document."""
    query = select(StoredModeration.__table__).where(StoredModeration.document == document)
    return (await connection.execute(query)).one_or_none()


async def decide(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Make a decision the one that counts."""
    await upsert(connection, StoredModeration, row)
    if row["type"] == "PersonalRequest":
        request = update(PublishedRequest).where(PublishedRequest.digest == row["document"])
        await connection.execute(request.values(hidden=row["hidden"]))


async def hidden(connection: AsyncConnection, documents: Iterable[str]) -> dict[str, bytes]:
    """The decisions by which documents are hidden now, of those that are."""
    wanted = list(documents)
    found: dict[str, bytes] = {}
    for at in range(0, len(wanted), BLOCK):
        query = select(StoredModeration.document, StoredModeration.wire).where(
            StoredModeration.hidden.is_(True),
            StoredModeration.document.in_(wanted[at : at + BLOCK]),
        )
        found |= {row.document: row.wire for row in await connection.execute(query)}
    return found


async def page(connection: AsyncConnection, after: str, limit: int) -> Sequence[AnyRow]:
    """List the newest decisions, by document."""
    query = select(StoredModeration.__table__).where(StoredModeration.document > after)
    return (await connection.execute(query.order_by(StoredModeration.document).limit(limit))).all()
