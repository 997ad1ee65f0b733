"""A customer tells the vendor that accepted whom to deliver to, and nobody else gets it."""

from typing import Any

import msgspec
import pytest

from crypto import proof
from crypto.canonical import canonical
from tests.marketplace.fulfilment.scenes import OWNER, RIVAL, VENDOR, Given, given
from tests.support import (
    ClockedMarket,
    a_disclosure,
    a_key,
    a_request,
    assert_refused,
    forged,
    problem,
)
from vrm.documents import Disclosure, Promise, Signed, read

DAY = 86_400


def told(market: ClockedMarket, one: Given, **changes: Any) -> Signed[Disclosure]:
    return a_disclosure(market, OWNER, one.request, one.assignment, **changes)


async def heard(market: ClockedMarket, key: Any = VENDOR, **asked: Any) -> list[str]:
    page = await market.read(key, "/vendors/self/disclosures", **asked)
    return [item["digest"] for item in page["items"]]


async def test_the_vendor_has_it_with_the_next_batch(market: ClockedMarket) -> None:
    one = await given(market)
    disclosure = told(market, one)
    answer = await market.send(disclosure)
    assert answer.status_code == 202
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (disclosure.digest, "Disclosure")
    assert await heard(market) == []
    await market.publish()
    [item] = (await market.read(VENDOR, "/vendors/self/disclosures"))["items"]
    assert (item["digest"], item["disclosure"]["sealed"]) == (
        disclosure.digest,
        disclosure.body.sealed,
    )
    assert item["assignment"]["request"] == one.request.digest
    assert item["request"]["pseudonym"] == OWNER.did


async def test_another_vendor_reads_nothing(market: ClockedMarket) -> None:
    await market.store(told(market, await given(market)))
    await market.publish()
    assert await heard(market, RIVAL) == []
    answer = await market.http.get("/vendors/self/disclosures")
    assert problem(answer) == (401, "signature-required")


async def test_a_later_one_supersedes(market: ClockedMarket) -> None:
    one = await given(market)
    first, second, third = (told(market, one, seq=seq) for seq in (1, 2, 3))
    await market.store(first)
    await market.publish()
    page = await market.read(VENDOR, "/vendors/self/disclosures")
    await market.store(second, third)
    await market.publish()
    assert await heard(market) == [third.digest]
    assert await heard(market, cursor=page["resume"]) == [third.digest]
    stored = (await market.contents())["disclosures"]
    assert len(stored) == 1, "what counts no more is kept"


@pytest.mark.parametrize("published", [False, True])
async def test_a_replayed_one_gets_the_same_promise(market: ClockedMarket, published: bool) -> None:
    disclosure = told(market, await given(market))
    first = await market.send(disclosure)
    if published:
        await market.publish()
    again = await market.send(disclosure)
    assert (again.status_code, again.content) == (202, first.content)


@pytest.mark.parametrize("published", [False, True])
async def test_an_old_one_sent_again(market: ClockedMarket, published: bool) -> None:
    one = await given(market)
    old = told(market, one, seq=1)
    await market.store(old, told(market, one, seq=2))
    if published:
        await market.publish()
    await assert_refused(market, market.send(old), 409, "stale-sequence")


async def test_before_the_vendor_accepted(market: ClockedMarket) -> None:
    early = told(market, await given(market, accepted=False))
    await assert_refused(market, market.send(early), 409, "not-accepted")


async def test_a_stranger_s(market: ClockedMarket) -> None:
    """Nobody can send a vendor to an address of their own choice."""
    one = await given(market)
    stranger = a_disclosure(market, a_key("stranger"), one.request, one.assignment)
    await assert_refused(market, market.send(stranger), 403, "foreign-request")


async def test_a_forged_one(market: ClockedMarket) -> None:
    body = forged(told(market, await given(market)), a_key("stranger"))
    await assert_refused(market, market.post("/disclosures", body), 422, "wrong-key")


async def test_about_another_request_than_was_assigned(market: ClockedMarket) -> None:
    one = await given(market)
    other = a_request(market, OWNER)
    grafted = a_disclosure(market, OWNER, other, one.assignment)
    await assert_refused(market, market.send(grafted), 404, "unknown-assignment")


async def test_a_box_whose_length_would_tell(market: ClockedMarket) -> None:
    """A short address must not look shorter than a long one."""
    body = msgspec.to_builtins(told(market, await given(market)).body)
    short = canonical(proof.sign(body | {"sealed": body["sealed"][:747]}, OWNER))
    await assert_refused(market, market.post("/disclosures", short), 422, "invalid-field")


async def test_it_is_logged_and_forgotten(market: ClockedMarket) -> None:
    one = await given(market)
    disclosure = told(market, one)
    await market.store(disclosure)
    await market.publish()
    leaves = [row for row in (await market.contents())["log_waiting"] if disclosure.digest in row]
    assert len(leaves) == 1
    market.clock.advance((market.rules.mail.keep_days + 1) * DAY)
    await market.publish()
    assert await heard(market) == []
    [row] = (await market.contents())["disclosures"]
    assert disclosure.wire not in row, "the market keeps what it said that it forgets"
    assert problem(await market.send(told(market, one))) == (409, "stale-sequence")


async def test_nothing_tells_when_it_came(market: ClockedMarket) -> None:
    one = await given(market)
    await market.store(told(market, one))
    market.clock.advance(7)
    waiting = (await market.contents())["pending"]
    await market.publish()
    [row] = (await market.contents())["disclosures"]
    step = market.rules.schedule.batch_seconds
    [promised] = {value for value in row if isinstance(value, int) and value > 1_000_000}
    assert promised % step == 0
    assert len(waiting) == 1
