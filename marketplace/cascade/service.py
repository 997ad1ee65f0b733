"""The use cases of vendors' answers: an Acceptance, a Decline, or up to a thousand of either in one call.

One and a thousand go the same way: verify each, load what they refer to in a few queries, decide each by the
rules, store the good ones with the evidence that they are, in one transaction.
"""

from collections.abc import Sequence
from typing import Any

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from marketplace.cascade import repository
from marketplace.cascade.rules import check_answer
from marketplace.cascade.schemas import AnswerResult, AnswersAnswer, AnswerStored
from marketplace.cascade.ticks import answers_of
from marketplace.db import take_turns
from marketplace.errors import Refused
from marketplace.fulfilment import service as fulfilment
from marketplace.http.bodies import documents_of
from marketplace.http.problems import problem_of
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.reputation import service as reputation
from marketplace.reputation.service import Piece
from vrm.documents import Acceptance, Bid, Decline, Signed, read, recall
from vrm.errors import VrmError

Answer = Acceptance | Decline
Kind = type[Acceptance] | type[Decline]
Refusal = crypto.CryptoError | VrmError | Refused


async def answer(market: Market, raw: bytes, kind: Kind) -> tuple[AnswerStored, bool]:
    """Store a vendor's answer; returns what is stored and whether this call stored it.

    Raises:
        Refused: names the rule that is broken.
    """
    signed = _read(market, raw, kind)
    (outcome,) = await _store(market, [signed])
    if isinstance(outcome, Refused):
        raise outcome
    return AnswerStored(assignment=signed.body.assignment), outcome


async def answer_batch(market: Market, raw: bytes, kind: Kind, member: str) -> AnswersAnswer:
    """Store the good ones of up to 1000 answers and tell each other one why not.

    Raises:
        Refused: the call itself is malformed; nothing is stored then.
    """
    documents = documents_of(raw, member)
    verified = await anyio.to_thread.run_sync(
        lambda: [_verify(market, document, kind) for document in documents]
    )
    outcomes = iter(await _store(market, [one for one in verified if isinstance(one, Signed)]))
    return AnswersAnswer(
        results=[
            _result(one, next(outcomes)) if isinstance(one, Signed) else _refused(None, one)
            for one in verified
        ]
    )


def _read(market: Market, raw: bytes, kind: Kind) -> Signed[Answer]:
    signed: Signed[Answer] = read(raw, kind)
    market.check_addressed(signed.body)
    if isinstance(signed.body, Acceptance):
        crypto.ReplyPublicKey.from_text(signed.body.message_key)
    return signed


def _verify(market: Market, raw: bytes, kind: Kind) -> Signed[Answer] | Refusal:
    try:
        return _read(market, raw, kind)
    except (crypto.CryptoError, VrmError, Refused) as refusal:
        return refusal


async def _store(market: Market, answers: Sequence[Signed[Answer]]) -> list[bool | Refused]:
    """Store what the rules allow; for each answer: whether it is new, or why it is refused."""
    if not answers:
        return []
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, (one.body.vendor for one in answers))
        return await _decide(market, connection, answers)


async def _decide(
    market: Market, connection: AsyncConnection, answers: Sequence[Signed[Answer]]
) -> list[bool | Refused]:
    digests = [one.body.assignment for one in answers]
    assigned = await repository.assignments_of(connection, digests)
    days = {row.day for row, _ in assigned.values()}
    # A tick waits for those who are at it, and looks at the clock before they may begin.
    await take_turns(connection, map(answers_of, days), together=True)
    now = await market.db.now(connection)
    stored = await repository.answers_to(connection, digests)
    known = {row.digest for row in stored.values()}
    earlier = {digest: bool(row.accepted) for digest, row in stored.items()}
    rows: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    evidence: list[Piece] = []
    outcomes: list[bool | Refused] = []
    for one in answers:
        digest = one.body.assignment
        if one.digest in known:
            outcomes.append(False)
            continue
        row, asked = assigned.get(digest, (None, None))
        try:
            check_answer(one.body.vendor, asked, earlier.get(digest), now)
        except Refused as refusal:
            outcomes.append(refusal)
            continue
        earlier[digest] = isinstance(one.body, Acceptance)
        known.add(one.digest)
        rows.append(_row(one, row, now))
        if isinstance(one.body, Acceptance):
            begun.append(_delivery(one, row, now))
        evidence.append(_piece(one, row))
        outcomes.append(True)
    await _add(market, connection, rows, evidence, now)
    await fulfilment.begin(market, connection, begun)
    return outcomes


async def _add(
    market: Market,
    connection: AsyncConnection,
    rows: Sequence[dict[str, Any]],
    evidence: Sequence[Piece],
    now: int,
) -> None:
    await repository.add_answers(connection, rows)
    await log.put(connection, (row["digest"] for row in rows))
    today = market.calendar.local_date(now)
    for good in (True, False):
        pieces = [
            piece for row, piece in zip(rows, evidence, strict=True) if row["accepted"] is good
        ]
        await reputation.record(connection, pieces, today, good=good)
    declined = {row["day"] for row in rows if not row["accepted"]}
    for day in sorted(declined):
        await repository.schedule(connection, day, [market.calendar.tick_after(now)])


def _row(one: Signed[Answer], assigned: Any, now: int) -> dict[str, Any]:
    return {
        "assignment": one.body.assignment,
        "day": assigned.day,
        "request": assigned.request,
        "tick": assigned.tick,
        "vendor": one.body.vendor,
        "accepted": isinstance(one.body, Acceptance),
        "answered_at": now,
        "digest": one.digest,
        "wire": one.wire,
    }


def _delivery(one: Signed[Answer], assigned: Any, now: int) -> dict[str, Any]:
    """What fulfilment begins with."""
    return {
        "request": assigned.request,
        "assignment": one.body.assignment,
        "day": assigned.day,
        "tick": assigned.tick,
        "vendor": one.body.vendor,
        "pseudonym": assigned.pseudonym,
        "lead_hours": recall(assigned.bid, Bid).lead_time_hours,
        "accepted_at": now,
    }


def _piece(one: Signed[Answer], assigned: Any) -> Piece:
    return Piece(one.digest, one.body.vendor, assigned.category, assigned.amount)


def _result(one: Signed[Answer], outcome: bool | Refused) -> AnswerResult:
    if isinstance(outcome, Refused):
        return _refused(one.body.assignment, outcome)
    return AnswerResult(status="accepted" if outcome else "known", assignment=one.body.assignment)


def _refused(assignment: str | None, refusal: Refusal) -> AnswerResult:
    return AnswerResult(status="refused", assignment=assignment, problem=problem_of(refusal))
