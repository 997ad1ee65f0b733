"""Reports by anybody, and what the operator hides: whose words go, and what of the figures stays."""

import asyncio
from typing import Any

import pytest

import crypto
from marketplace.log import service as log
from marketplace.moderation import service as moderation
from marketplace.moderation.service import MOST_REPORTS
from tests.marketplace.cascade.scenes import DAY, VENDORS, contested
from tests.support import (
    ClockedMarket,
    a_bid,
    a_key,
    a_question,
    a_request,
    a_request_for,
    a_vendor,
    an_answer,
    an_item,
    problem,
)
from tests.support.market import assert_refused
from vrm.documents import Moderation, Report, Signed, read, sign
from vrm.errors import InvalidDocument

NOWHERE = crypto.digest({"nothing": "at all"})


def a_report(market: ClockedMarket, document: str, /, **changes: Any) -> Signed[Report]:
    key = a_key()
    facts: dict[str, Any] = {"market": market.did, "reporter": key.did, "document": document}
    return sign(Report(**(facts | {"reason": "fraud"} | changes)), key)


async def hide(market: ClockedMarket, document: str, *, hidden: bool = True) -> Moderation:
    wire = await moderation.decide(market.market, document, "Names a neighbour.", hidden=hidden)
    return read(wire, Moderation).body


@pytest.mark.on_postgresql
async def test_anybody_reports_and_the_operator_reads_what(market: ClockedMarket) -> None:
    request = a_request(market)
    await market.store(request)
    await market.publish()
    report = a_report(market, request.digest, reason="personal-data", text="It names me.")
    answer = await market.send(report)
    assert (answer.status_code, answer.json()["report"]) == (201, report.digest)
    assert (await market.send(report)).status_code == 200
    [view] = await moderation.all_reports(market.market)
    assert bytes(view.report) == report.wire
    assert (view.type, view.hidden) == ("PersonalRequest", False)
    assert bytes(view.document) == request.wire


async def test_a_report_that_is_refused(market: ClockedMarket) -> None:
    request = a_request(market)
    await market.store(request)  # it waits: nobody can know it yet
    await assert_refused(
        market, market.send(a_report(market, request.digest)), 404, "unknown-document"
    )
    await assert_refused(market, market.send(a_report(market, NOWHERE)), 404, "unknown-document")
    key = a_key()
    foreign = a_report(market, NOWHERE, market=key.did)
    await assert_refused(market, market.send(foreign), 422, "wrong-market")
    body = a_report(market, NOWHERE).body
    with_clock = sign(
        Report(market=market.did, reporter=key.did, document=NOWHERE, reason=body.reason),
        key,
        created="2026-11-20T08:00:00Z",
    )
    await assert_refused(market, market.send(with_clock), 422, "created-forbidden")


@pytest.mark.on_postgresql
async def test_a_flood_of_reports_of_one_document(market: ClockedMarket) -> None:
    request = a_request(market)
    await market.store(request)
    await market.publish()
    await market.store(*(a_report(market, request.digest) for _ in range(MOST_REPORTS - 1)))
    racing = [market.send(a_report(market, request.digest)) for _ in range(4)]
    answers = await asyncio.gather(*racing)
    assert sorted(answer.status_code for answer in answers) == [201, 429, 429, 429]
    assert len((await market.contents())["reports"]) == MOST_REPORTS


@pytest.mark.on_postgresql
async def test_a_decision_is_signed_logged_and_served(market: ClockedMarket) -> None:
    request = a_request(market)
    await market.store(request)
    await market.publish()
    decision = await hide(market, request.digest)
    assert (decision.seq, decision.hidden, decision.reason) == (1, True, "Names a neighbour.")
    assert await hide(market, request.digest) == decision, "what changes nothing is not decided"
    lifted = await hide(market, request.digest, hidden=False)
    assert (lifted.seq, lifted.hidden) == (2, False)
    await log.grow(market.market)
    [listed] = await market.items("/moderation")
    assert listed["hidden"] is False
    assert await market.get(f"/moderation/{request.digest}") == listed
    for body in (decision, lifted):
        digest = sign(body, market.market.identity.key).digest
        assert (await market.get(f"/log/inclusion/{digest}"))["index"] >= 0
        assert (await market.get(f"/log/documents/{digest}"))["seq"] == body.seq


@pytest.mark.on_postgresql
async def test_a_decision_about_nothing_or_without_a_reason(market: ClockedMarket) -> None:
    request = a_request(market)
    await market.store(request)
    await market.publish()
    with pytest.raises(Exception, match="Nothing with words"):
        await hide(market, NOWHERE)
    with pytest.raises(Exception, match="Nothing was decided"):
        await hide(market, request.digest, hidden=False)
    with pytest.raises(InvalidDocument):
        await moderation.decide(market.market, request.digest, "", hidden=True)
    assert problem(await market.http.get(f"/moderation/{request.digest}")) == (404, "not-hidden")
    assert await market.items("/moderation") == []


async def test_a_hidden_open_request_is_shown_to_nobody_and_joins_no_run(
    market: ClockedMarket,
) -> None:
    seller = VENDORS[0]
    hidden, other = a_request(market), a_request(market)
    await market.store(a_vendor(market, seller), hidden, other)
    await market.publish()
    await market.store(a_bid(market, seller, hidden), a_bid(market, seller, other))
    decision = await hide(market, hidden.digest)
    board = (await market.read(seller, "/board"))["items"]
    assert [item["request"] for item in board] == [other.digest]
    answer = await market.ask(seller, f"/board/{hidden.digest}")
    assert problem(answer) == (451, "hidden")
    assert answer.json()["decision"]["reason"] == decision.reason
    for document in (a_bid(market, seller, hidden, seq=2), a_question(market, seller, hidden)):
        await assert_refused(market, market.send(document), 451, "hidden")
    assert await market.reach_cutoff(other) == DAY
    taken = await market.items(f"/runs/{DAY}/requests")
    assert [one["request"] for one in taken] == [other.digest]


async def test_a_request_that_is_shown_again_joins_the_next_run(market: ClockedMarket) -> None:
    seller, request = VENDORS[0], a_request(market)
    await market.store(a_vendor(market, seller), request)
    await market.publish()
    await hide(market, request.digest)
    await hide(market, request.digest, hidden=False)
    await market.store(a_bid(market, seller, request))
    await market.reach_cutoff(request)
    assert len(await market.items(f"/runs/{DAY}/assignments")) == 1


async def test_after_the_freeze_only_the_words_go(market: ClockedMarket) -> None:
    (request,) = await contested(market)
    await market.reach_cutoff(request)
    before = {
        part: await market.items(f"/runs/{DAY}/{part}")
        for part in ("assignments", "unfilled", "places")
    }
    bid = before["assignments"][0]["bid"]
    explained = await market.get(f"/runs/{DAY}/requests/{request.digest}")
    for digest in (request.digest, bid):
        await hide(market, digest)
    [shown] = await market.items(f"/runs/{DAY}/requests")
    assert (shown["request"], shown["document"]) == (request.digest, None)
    assert read(crypto.canonical.canonical(shown["hidden"]), Moderation).body.document == (
        request.digest
    )
    bids = {one["bid"]: one for one in await market.items(f"/runs/{DAY}/bids")}
    assert len(bids) == len(VENDORS)
    assert bids[bid]["document"] is None
    assert [digest for digest, one in bids.items() if one["hidden"]] == [bid]
    for part, items in before.items():
        assert await market.items(f"/runs/{DAY}/{part}") == items
    assert await market.get(f"/runs/{DAY}/requests/{request.digest}") == explained


@pytest.mark.on_postgresql
async def test_hidden_questions_answers_and_items(market: ClockedMarket) -> None:
    seller, brand = VENDORS[:2]
    key = crypto.SigningKey.generate()
    request, item = a_request(market, key), an_item(market, brand)
    await market.store(a_vendor(market, seller), a_vendor(market, brand), request, item)
    await market.publish()
    question = a_question(market, seller, request)
    other = a_question(market, brand, request)
    await market.store(question, other)
    answer = an_answer(market, key, question)
    await market.store(answer)
    await market.publish()

    async def asked() -> list[tuple[str, bool]]:
        found = (await market.read(seller, f"/board/{request.digest}"))["questions"]
        return [(one["question"]["vendor"], one["answer"] is not None) for one in found]

    assert sorted(await asked()) == sorted([(seller.did, True), (brand.did, False)])
    await hide(market, answer.digest)
    assert sorted(await asked()) == sorted([(seller.did, False), (brand.did, False)])
    await hide(market, question.digest)
    assert await asked() == [(brand.did, False)]
    await hide(market, item.digest)
    assert await market.items("/catalogue") == []
    for path in (f"/catalogue/{brand.did}/{item.body.id}", f"/catalogue/{item.digest}"):
        assert problem(await market.http.get(path)) == (451, "hidden")
    kept = await market.http.get(f"/log/documents/{item.digest}")
    assert problem(kept) == (451, "hidden")
    await assert_refused(market, market.send(a_request_for(market, item)), 451, "hidden")
