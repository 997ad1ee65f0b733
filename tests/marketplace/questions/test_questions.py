"""A vendor asks once, the owner answers once, and both stand on the board."""

from typing import Any

import pytest

from tests.support import (
    ClockedMarket,
    a_key,
    a_question,
    a_request,
    a_vendor,
    a_withdrawal,
    an_answer,
    assert_refused,
    forged,
)
from vrm.documents import PersonalRequest, Promise, Signed, read

OWNER, VENDOR, OTHER = a_key("owner"), a_key("vendor"), a_key("other vendor")


@pytest.fixture
async def asked(market: ClockedMarket) -> Signed[PersonalRequest]:
    """A request on the board that two vendors read."""
    request = a_request(market, OWNER)
    await market.store(a_vendor(market, VENDOR), a_vendor(market, OTHER), request)
    await market.publish()
    return request


async def board(market: ClockedMarket, reader: Any = OTHER) -> list[Any]:
    [item] = (await market.read(reader, "/board"))["items"]
    found: list[Any] = item["questions"]
    return found


async def test_question_and_answer_stand_on_the_board(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    question = a_question(market, VENDOR, asked)
    await market.store(question)
    [shown] = await board(market)
    assert shown["question"]["text"] == question.body.text
    assert shown["answer"] is None
    answer = an_answer(market, OWNER, question)
    await market.store(answer)
    assert (await board(market))[0]["answer"] is None
    await market.publish()
    [shown] = await board(market)
    assert shown["answer"]["text"] == answer.body.text
    one = await market.read(VENDOR, f"/board/{asked.digest}")
    assert one["questions"] == [shown]


async def test_a_question_sent_twice_is_one(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    question = a_question(market, VENDOR, asked)
    answers = [await market.send(question) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await board(market)) == 1


async def test_a_second_question(market: ClockedMarket, asked: Signed[PersonalRequest]) -> None:
    await market.store(a_question(market, VENDOR, asked))
    second = a_question(market, VENDOR, asked, text="And in which colour?")
    await assert_refused(market, market.send(second), 409, "already-asked")
    await market.store(a_question(market, OTHER, asked, text="And in which colour?"))


async def test_a_question_after_bids_closed(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    market.clock.set("2026-11-21T16:00:00Z")
    await assert_refused(market, market.send(a_question(market, VENDOR, asked)), 409, "bids-closed")


async def test_a_question_by_nobody(market: ClockedMarket, asked: Signed[PersonalRequest]) -> None:
    stranger = a_question(market, a_key("stranger"), asked)
    await assert_refused(market, market.send(stranger), 404, "unknown-vendor")


async def test_a_question_by_a_suspended_vendor(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    await market.execute("UPDATE vendors SET suspended = true WHERE did = :did", did=VENDOR.did)
    await assert_refused(market, market.send(a_question(market, VENDOR, asked)), 403, "suspended")


async def test_a_question_in_another_vendors_name(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    body = forged(a_question(market, VENDOR, asked), OTHER)
    await assert_refused(market, market.post("/questions", body), 422, "wrong-key")


async def test_a_question_about_nothing(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    unknown = a_question(market, VENDOR, a_request(market))
    await assert_refused(market, market.send(unknown), 404, "unknown-request")


async def test_a_question_about_a_withdrawn_request(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    await market.store(a_withdrawal(market, OWNER, asked.digest))
    await market.publish()
    late = a_question(market, VENDOR, asked)
    await assert_refused(market, market.send(late), 409, "request-withdrawn")


@pytest.mark.parametrize("published", [False, True])
async def test_a_replayed_answer_gets_the_same_promise(
    market: ClockedMarket, asked: Signed[PersonalRequest], published: bool
) -> None:
    question = a_question(market, VENDOR, asked)
    answer = an_answer(market, OWNER, question)
    await market.store(question)
    first = await market.send(answer)
    if published:
        await market.publish()
    again = await market.send(answer)
    assert (again.status_code, again.content) == (202, first.content)
    promise = read(first.content, Promise).body
    assert (promise.document, promise.document_type) == (answer.digest, "Answer")
    await market.publish()
    assert len(await board(market)) == 1


@pytest.mark.parametrize("published", [False, True])
async def test_a_second_answer(
    market: ClockedMarket, asked: Signed[PersonalRequest], published: bool
) -> None:
    question = a_question(market, VENDOR, asked)
    await market.store(question, an_answer(market, OWNER, question))
    if published:
        await market.publish()
    other = an_answer(market, OWNER, question, text="No, I changed my mind.")
    await assert_refused(market, market.send(other), 409, "already-answered")


async def test_an_answer_by_another_customer(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    question = a_question(market, VENDOR, asked)
    await market.store(question)
    foreign = an_answer(market, a_key("thief"), question)
    await assert_refused(market, market.send(foreign), 403, "foreign-request")


async def test_an_answer_to_a_question_about_another_request(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    """The owner of one request cannot speak on the board of another one."""
    second = a_request(market, a_key("victim"))
    await market.store(second)
    await market.publish()
    question = a_question(market, VENDOR, second)
    await market.store(question)
    misplaced = an_answer(market, OWNER, question, request=asked.digest)
    await assert_refused(market, market.send(misplaced), 404, "unknown-question")


async def test_an_answer_to_no_question(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    unasked = an_answer(market, OWNER, a_question(market, VENDOR, asked))
    await assert_refused(market, market.send(unasked), 404, "unknown-question")


async def test_an_answer_after_bids_closed(
    market: ClockedMarket, asked: Signed[PersonalRequest]
) -> None:
    question = a_question(market, VENDOR, asked)
    await market.store(question)
    market.clock.set("2026-11-21T16:00:00Z")
    late = an_answer(market, OWNER, question)
    await assert_refused(market, market.send(late), 409, "bids-closed")


async def test_an_answer_does_not_wait_for_a_crowd(market: ClockedMarket) -> None:
    """The question is about one open request anyway: company would hide nothing, and cost the day."""
    request = a_request(market, OWNER)
    await market.store(a_vendor(market, VENDOR), request)
    await market.publish()
    question = a_question(market, VENDOR, request)
    await market.store(question, an_answer(market, OWNER, question))
    before = await market.items("/batches")
    await market.publish()
    assert await market.items("/batches") == before
    [shown] = await board(market, VENDOR)
    assert shown["answer"] is not None
