"""Acceptances and Declines: what the market takes, and each answer that it refuses."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

import crypto
from marketplace.runs import service as runs
from tests.marketplace.cascade.scenes import (
    DAY,
    VENDORS,
    a_day,
    accept,
    assignment,
    assignments,
    contested,
    decline,
)
from tests.support import (
    ClockedMarket,
    a_decline,
    a_key,
    an_acceptance,
    assert_refused,
    forged,
    problem,
)
from tests.support.clock import seconds
from vrm.documents import Document, Signed

Answering = Callable[..., Signed[Document]]
BOTH = pytest.mark.parametrize("answering", [an_acceptance, a_decline])
VENDOR = VENDORS[0]


async def given(market: ClockedMarket) -> str:
    """The digest of an assignment to the first vendor."""
    await a_day(market)
    return crypto.digest(await assignment(market))


@BOTH
async def test_the_same_answer_again_is_known(market: ClockedMarket, answering: Answering) -> None:
    answer = answering(market, VENDOR, await given(market))
    first, again = await market.send(answer), await market.send(answer)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    market.clock.advance(10 * 86_400)
    assert (await market.send(answer)).status_code == 200
    evidence = (await market.contents())["evidence"]
    assert [(row[0], row[-1]) for row in evidence] == [(answer.digest, answering is an_acceptance)]


@BOTH
async def test_an_answer_to_an_assignment_that_nobody_made(
    market: ClockedMarket, answering: Answering
) -> None:
    await given(market)
    answer = answering(market, VENDOR, crypto.digest({"made": "up"}))
    await assert_refused(market, market.send(answer), 404, "unknown-assignment")


@BOTH
async def test_a_rival_s_answer(market: ClockedMarket, answering: Answering) -> None:
    answer = answering(market, VENDORS[1], await given(market))
    await assert_refused(market, market.send(answer), 403, "not-your-assignment")


@BOTH
async def test_an_answer_signed_by_a_stranger_in_the_vendor_s_name(
    market: ClockedMarket, answering: Answering
) -> None:
    answer = answering(market, VENDOR, await given(market))
    path = "/acceptances" if answering is an_acceptance else "/declines"
    raw = forged(answer, a_key("thief"))
    await assert_refused(market, market.post(path, raw), 422, "wrong-key")


@BOTH
async def test_an_answer_meant_for_another_market(
    market: ClockedMarket, answering: Answering
) -> None:
    elsewhere = {"market": a_key("elsewhere").did}
    answer = answering(market, VENDOR, await given(market), **elsewhere)
    await assert_refused(market, market.send(answer), 422, "wrong-market")


@BOTH
@pytest.mark.parametrize(
    ("earlier", "code"), [(an_acceptance, "already-accepted"), (a_decline, "already-declined")]
)
async def test_a_second_thought(
    market: ClockedMarket, answering: Answering, earlier: Answering, code: str
) -> None:
    digest = await given(market)
    await market.store(earlier(market, VENDOR, digest))
    changed = {} if answering is an_acceptance else {"reason": "Changed my mind."}
    answer = answering(market, VENDOR, digest, **changed)
    await assert_refused(market, market.send(answer), 409, code)


@BOTH
async def test_an_answer_after_its_time(market: ClockedMarket, answering: Answering) -> None:
    digest = await given(market)
    market.clock.set(seconds((await assignment(market))["accept_by"]))
    await assert_refused(market, market.send(answering(market, VENDOR, digest)), 409, "too-late")
    market.clock.advance(-1)
    await market.store(answering(market, VENDOR, digest))


@BOTH
async def test_an_answer_before_all_assignments_are_out(
    market: ClockedMarket, answering: Answering
) -> None:
    digest = await given(market)
    await market.execute("DELETE FROM announcements")
    answer = answering(market, VENDOR, digest)
    await assert_refused(market, market.send(answer), 409, "not-announced")


async def test_a_message_key_that_everybody_can_open(market: ClockedMarket) -> None:
    acceptance = an_acceptance(market, VENDOR, await given(market))
    small = crypto.encoding.base58_encode(b"\xec\x01" + bytes(32))
    raw = forged(acceptance, VENDOR, message_key=f"z{small}")
    answer = await market.post("/acceptances", raw)
    assert problem(answer)[0] == 422
    assert await market.items(f"/runs/{DAY}/acceptances") == []


@pytest.mark.on_postgresql
@BOTH
async def test_many_answers_in_one_call(market: ClockedMarket, answering: Answering) -> None:
    await contested(market, requests=4)
    await market.reach_cutoff()
    await market.reach_cutoff()
    digests = [crypto.digest(one) for one in await assignments(market)]
    member = "acceptances" if answering is an_acceptance else "declines"
    answers = [answering(market, VENDOR, digest) for digest in digests[:3]]
    answers += [answers[0], answering(market, VENDORS[1], digests[3])]
    body = f'{{"{member}":['.encode() + b",".join(one.wire for one in answers) + b',{"v":1,"v":1}]}'
    answer = await market.post(f"/{member}/batch", body)
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["accepted"] * 3 + ["known"] + ["refused"] * 2
    assert [one["assignment"] for one in results[:4]] == [*digests[:3], digests[0]]
    codes = [one["problem"]["code"] for one in results[4:]]
    assert codes == ["not-your-assignment", "duplicate-key"]
    assert len((await market.contents())["assignment_answers"]) == 3


@pytest.mark.parametrize("path", ["/acceptances/batch", "/declines/batch"])
@pytest.mark.parametrize("body", [b"[]", b'{"bids":[{}]}', b'{"acceptances":[],"declines":[]}'])
async def test_a_batch_that_is_none(market: ClockedMarket, path: str, body: bytes) -> None:
    await assert_refused(market, market.post(path, body), 422, "invalid-field")


@pytest.mark.on_postgresql
async def test_accepting_and_declining_at_once_leaves_one_answer(market: ClockedMarket) -> None:
    await contested(market, requests=8)
    await market.reach_cutoff()
    await market.reach_cutoff()
    digests = [crypto.digest(one) for one in await assignments(market)]
    calls = [
        market.send(answering(market, VENDOR, digest))
        for digest in digests
        for answering in (an_acceptance, a_decline)
    ]
    answers = await asyncio.gather(*calls)
    for accepted, declined in zip(answers[::2], answers[1::2], strict=True):
        assert sorted([accepted.status_code, declined.status_code]) == [201, 409]
    assert len((await market.contents())["assignment_answers"]) == len(digests)
    assert len((await market.contents())["evidence"]) == len(digests)


@pytest.mark.on_postgresql
async def test_answers_that_meet_the_tick_count_in_it_or_are_too_late(
    market: ClockedMarket,
) -> None:
    """Each request is either accepted, or displaced by the tick; none is both, none is left hanging."""
    await contested(market, requests=8)
    await market.reach_cutoff()
    await market.reach_cutoff()
    first = await assignments(market)
    market.clock.set(seconds(first[0]["accept_by"]) - 1)
    calls = [market.send(an_acceptance(market, VENDOR, crypto.digest(one))) for one in first]

    async def tick() -> None:
        await asyncio.sleep(0)
        market.clock.advance(1)
        await runs.close_days(market.market)

    answering = asyncio.gather(*calls)
    await tick()
    answers = await answering
    taken = {
        one["request"] for one, answer in zip(first, answers, strict=True) if answer.is_success
    }
    refused = {json.loads(answer.content)["code"] for answer in answers if not answer.is_success}
    assert refused <= {"too-late"}
    lost: list[Any] = []
    if await market.items(f"/runs/{DAY}/ticks"):
        lost = await market.items(f"/runs/{DAY}/ticks/1/displaced")
    assert {one["request"] for one in lost} == {one["request"] for one in first} - taken


async def test_an_accepted_assignment_is_never_displaced(market: ClockedMarket) -> None:
    await contested(market, requests=2)
    await market.reach_cutoff()
    await market.reach_cutoff()
    kept, lost = await assignments(market)
    await accept(market, kept)
    await decline(market, lost)
    for _ in range(100):
        await market.reach_tick()
    displaced = [
        one["request"]
        for tick in await market.items(f"/runs/{DAY}/ticks")
        for one in await market.items(f"/runs/{DAY}/ticks/{tick['tick']}/displaced")
    ]
    assert displaced
    assert kept["request"] not in displaced
