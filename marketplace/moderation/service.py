"""The use cases about reports and hidden documents."""

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.moderation import repository
from marketplace.moderation.schemas import ModerationView, ReportStored, ReportView
from vrm.documents import Moderation, Report, read, sign
from vrm.documents.market import Hideable

MOST_REPORTS: Final = 100
"""Reports of one document that are kept: more would tell the operator nothing new, and fill the disk."""


async def report(market: Market, raw: bytes) -> tuple[ReportStored, bool]:
    """Keep anybody's report of a document for the operator; tells whether this call stored it.

    Raises:
        Refused: no such document, or it was reported often enough.
    """
    reported = read(raw, Report)
    body = reported.body
    market.check_addressed(body)
    answer = ReportStored(report=reported.digest, document=body.document)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [f"reports of {body.document}"])
        if await repository.has_report(connection, reported.digest):
            return answer, False
        await _require_type(connection, body.document)
        if await repository.count_reports(connection, body.document) >= MOST_REPORTS:
            raise Refused("reported-enough", "The operator has many reports of it.", "document")
        row = {"digest": reported.digest, "document": body.document, "wire": reported.wire}
        await repository.add_report(connection, row)
    return answer, True


async def decide(market: Market, document: str, reason: str, *, hidden: bool) -> bytes:
    """Hide a document, or show it again; answers the signed decision, which the log keeps.

    One that changes nothing is not taken: the one that counts is answered.

    Raises:
        InvalidDocument: the reason is empty or too long.
        Refused: no such document, or it is shown and was never hidden.
    """
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [f"moderation of {document}"])
        kind = await _require_type(connection, document)
        last = await repository.decision(connection, document)
        if last is None and not hidden:
            raise Refused("not-hidden", "Nothing was decided about this document.", "document")
        if last is not None and last.hidden == hidden:
            return bytes(last.wire)
        body = Moderation(
            market=market.did,
            document=document,
            document_type=kind,
            seq=1 if last is None else last.seq + 1,
            hidden=hidden,
            reason=reason,
        )
        signed = sign(body, market.identity.key)
        await repository.decide(
            connection,
            {
                "document": document,
                "type": kind,
                "hidden": hidden,
                "seq": body.seq,
                "decision": signed.digest,
                "wire": signed.wire,
            },
        )
        await log.record(connection, signed, market.did)
    return signed.wire


async def list_decisions(market: Market, cursor: str | None, limit: int) -> Page[ModerationView]:
    """List the decisions that count, by document: whole, so that nobody needs to ask about one."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.page(connection, after[0], limit + 1), limit)
    return Page(
        items=[_view(row) for row in rows], next=write_cursor(rows[-1].document) if more else None
    )


async def show(market: Market, document: str) -> ModerationView:
    """Show the decision that counts about a document.

    Raises:
        Refused: nothing was decided about it.
    """
    async with market.db.snapshot() as connection:
        row = await repository.decision(connection, document)
    if row is None:
        raise Refused("not-hidden", "Nothing was decided about this document.", "document")
    return _view(row)


async def all_reports(market: Market) -> list[ReportView]:
    """Read all reports, for the operator."""
    found: list[ReportView] = []
    after = ("", "")
    async with market.db.snapshot() as connection:
        while rows := await repository.reports(connection, after, repository.BLOCK):
            after = (rows[-1].document, rows[-1].digest)
            for row in rows:
                kind = await _require_type(connection, row.document)
                view = ReportView(
                    report=msgspec.Raw(row.wire),
                    type=kind,
                    hidden=bool(row.hidden),
                    document=msgspec.Raw(await repository.wire_of(connection, kind, row.document)),
                )
                found.append(view)
    return found


async def hidden(connection: AsyncConnection, documents: Iterable[str]) -> dict[str, bytes]:
    """The signed decisions by which documents are hidden now, of those that are."""
    return await repository.hidden(connection, documents)


async def require_shown(connection: AsyncConnection, document: str) -> None:
    """Refuse to show a hidden document.

    Raises:
        Refused: it is hidden; the refusal carries the decision.
    """
    decisions = await repository.hidden(connection, [document])
    if document in decisions:
        detail = "The operator has hidden this document; the decision says why."
        raise Refused("hidden", detail, decision=decisions[document])


async def _require_type(connection: AsyncConnection, document: str) -> Hideable:
    kind = await repository.type_of(connection, document)
    if kind is None:
        detail = "Nothing with words of its own that is public has this digest."
        raise Refused("unknown-document", detail, "document")
    return kind


def _view(row: AnyRow) -> ModerationView:
    return ModerationView(
        document=row.document, type=row.type, hidden=row.hidden, decision=msgspec.Raw(row.wire)
    )
