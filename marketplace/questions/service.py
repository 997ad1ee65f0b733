"""The use cases about questions and answers."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.moderation import service as moderation
from marketplace.pending import service as pending
from marketplace.questions import repository
from marketplace.questions.rules import check_open
from marketplace.questions.schemas import QuestionStored, QuestionView
from vrm.documents import Answer, Promise, Question, Signed, read, recall


async def ask(market: Market, raw: bytes) -> tuple[QuestionStored, bool]:
    """Put a vendor's question on the board and into the owner's mail; tells whether this call did it.

    Raises:
        Refused: an unknown or suspended vendor, a request that takes no bids, or a second question.
    """
    question = read(raw, Question)
    body = question.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        new = await repository.find(connection, question.digest) is None
        if new:
            await _check_vendor(connection, body.vendor)
            request = await repository.find_request(connection, body.request)
            check_open(request, await market.db.now(connection))
            if await repository.has_asked(connection, body.vendor, body.request):
                raise Refused("already-asked", "This vendor has asked about it before.", "request")
            row = {
                "digest": question.digest,
                "request": body.request,
                "vendor": body.vendor,
                "wire": question.wire,
            }
            await repository.add(connection, row)
            await log.put(connection, [question.digest])
            await mail.put(market, connection, "question", [question.digest])
    return QuestionStored(question=question.digest, request=body.request), new


async def answer(market: Market, raw: bytes) -> Signed[Promise]:
    """Let an owner's answer wait for publication, and promise it; the same one again gets the same promise.

    Raises:
        Refused: no such question about that request, another pseudonym's request, one that takes no bids, or
            a second answer.
    """
    answered = read(raw, Answer)
    body = answered.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        waits = await pending.find(connection, answered.digest)
        known = waits or await repository.find_answer(connection, body.question)
        if known is not None and known.digest == answered.digest:
            publish_by = int(known.publish_by)
        else:
            await _check_answer(market, connection, body)
            waiting = await pending.about(connection, "Answer", body.request)
            earlier = {recall(row.wire, Answer).question for row in waiting}
            if known is not None or body.question in earlier:
                raise Refused("already-answered", "The question has its answer.", "question")
            publish_by = market.calendar.publish_by(await market.db.now(connection))
            await pending.wait(connection, answered, body.request, publish_by)
    return pending.promise(market, answered, publish_by)


async def publish_answers(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Put those of pending documents that are answers on the board."""
    answers = [(recall(row.wire, Answer).question, row) for row in rows if row.kind == "Answer"]
    await repository.add_answers(
        connection,
        [
            {
                "question": question,
                "digest": row.digest,
                "publish_by": row.publish_by,
                "wire": row.wire,
            }
            for question, row in sorted(answers, key=lambda pair: pair[0])
        ],
    )


async def on_requests(
    connection: AsyncConnection, requests: Sequence[str]
) -> dict[str, list[QuestionView]]:
    """The questions about requests, with their answers, but for those that are hidden."""
    found: dict[str, list[QuestionView]] = {}
    rows = await repository.on_requests(connection, requests)
    digests = [digest for row in rows for digest in (row.digest, row.answered) if digest]
    hidden = await moderation.hidden(connection, digests)
    for row in rows:
        if row.digest in hidden:
            continue
        is_answered = row.answer is not None and row.answered not in hidden
        view = QuestionView(
            question=msgspec.Raw(row.wire),
            answer=msgspec.Raw(row.answer) if is_answered else None,
        )
        found.setdefault(row.request, []).append(view)
    return found


async def _check_vendor(connection: AsyncConnection, vendor: str) -> None:
    suspended = await repository.is_suspended(connection, vendor)
    if suspended is None:
        raise Refused("unknown-vendor", "Register the vendor before it asks.", "vendor")
    if suspended:
        raise Refused("suspended", "This vendor is suspended.", "vendor")


async def _check_answer(market: Market, connection: AsyncConnection, body: Answer) -> None:
    request = check_open(
        await repository.find_request(connection, body.request), await market.db.now(connection)
    )
    if request.pseudonym != body.pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    question = await repository.find(connection, body.question)
    if question is None or question.request != body.request:
        raise Refused("unknown-question", "Nobody has asked that about this request.", "question")
