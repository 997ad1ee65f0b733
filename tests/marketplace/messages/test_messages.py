"""A customer and the vendor that accepted write to each other; nobody else can read it, nor write."""

from typing import Any

import msgspec
import pytest

import crypto
from crypto import proof
from crypto.canonical import canonical
from tests.conftest import OpenMarket
from tests.marketplace.fulfilment.scenes import OWNER, RIVAL, VENDOR, Given, given
from tests.marketplace.mail.test_buckets import boxes
from tests.support import (
    ClockedMarket,
    a_key,
    a_message,
    a_request,
    a_vendor_message,
    assert_refused,
    forged,
    problem,
)
from vrm.documents import Message, Promise, Signed, VendorMessage, read
from vrm.documents.scalars import parse_instant

DAY = 86_400


@pytest.fixture
async def lite(sqlite_market: ClockedMarket) -> ClockedMarket:
    """An empty market on SQLite."""
    await sqlite_market.reset()
    return sqlite_market


def said(market: ClockedMarket, one: Given, number: int = 1, **changes: Any) -> Signed[Message]:
    return a_message(market, OWNER, one.request, one.assignment, number, **changes)


def replied(
    market: ClockedMarket, one: Given, number: int = 1, **changes: Any
) -> Signed[VendorMessage]:
    return a_vendor_message(market, VENDOR, one.request, one.assignment, number, **changes)


async def heard(market: ClockedMarket, key: crypto.SigningKey = VENDOR, **asked: Any) -> list[str]:
    page = await market.read(key, "/vendors/self/messages", **asked)
    return [item["digest"] for item in page["items"]]


async def test_the_vendor_has_it_with_the_next_batch(market: ClockedMarket) -> None:
    one = await given(market)
    message = said(market, one)
    answer = await market.send(message)
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (message.digest, "Message")
    assert await heard(market) == []
    await market.publish()
    assert (await market.send(message)).content == answer.content, "it counts once"
    [item] = (await market.read(VENDOR, "/vendors/self/messages"))["items"]
    assert item["message"] == msgspec.json.decode(message.wire)
    assert item["assignment"]["request"] == one.request.digest
    assert item["request"]["pseudonym"] == OWNER.did
    [event] = (await market.read(VENDOR, "/events"))["items"][-1:]
    assert (event["type"], event["data"]) == ("message.received", {"assignment": one.assignment})
    step = market.rules.schedule.batch_seconds
    assert int(parse_instant(event["timestamp"]).timestamp()) % step == 0


async def test_what_is_new_follows_what_was_read(market: ClockedMarket) -> None:
    one = await given(market)
    first, second, third = (said(market, one, number) for number in (1, 2, 3))
    await market.store(first, second)
    await market.publish()
    page = await market.read(VENDOR, "/vendors/self/messages")
    assert {item["digest"] for item in page["items"]} == {first.digest, second.digest}
    await market.store(third)
    await market.publish()
    assert await heard(market, cursor=page["resume"]) == [third.digest]


async def test_the_vendor_s_goes_into_the_customer_s_mail(market: ClockedMarket) -> None:
    one = await given(market)
    await market.publish()
    before = len(await boxes(market))
    reply = replied(market, one)
    answer = await market.send(reply)
    assert (answer.status_code, answer.json()["message"]) == (201, reply.digest)
    assert (await market.send(reply)).status_code == 200
    await market.publish()
    assert len(await boxes(market)) == before + 1
    leaves = [row for row in (await market.contents())["log_waiting"] if reply.digest in row]
    assert len(leaves) == 1


async def test_another_vendor_reads_nothing(lite: ClockedMarket) -> None:
    market = lite
    await market.store(said(market, await given(market)))
    await market.publish()
    assert await heard(market, RIVAL) == []
    answer = await market.http.get("/vendors/self/messages")
    assert problem(answer) == (401, "signature-required")


async def test_before_the_vendor_accepted(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market, accepted=False)
    await assert_refused(market, market.send(said(market, one)), 409, "not-accepted")
    await assert_refused(market, market.send(replied(market, one)), 409, "not-accepted")


async def test_a_stranger_s(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market)
    stranger = a_message(market, a_key("stranger"), one.request, one.assignment)
    await assert_refused(market, market.send(stranger), 403, "foreign-request")


async def test_a_vendor_that_writes_to_another_s_customer(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market)
    spam = a_vendor_message(market, RIVAL, one.request, one.assignment)
    await assert_refused(market, market.send(spam), 403, "not-your-assignment")


@pytest.mark.parametrize("by", ["customer", "vendor"])
async def test_a_forged_one(lite: ClockedMarket, by: str) -> None:
    market = lite
    one = await given(market)
    made = said(market, one) if by == "customer" else replied(market, one)
    path = "/messages" if by == "customer" else "/vendor-messages"
    body = forged(made, a_key("stranger"))
    await assert_refused(market, market.post(path, body), 422, "wrong-key")


async def test_about_another_request_than_was_assigned(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market)
    other = a_request(market, OWNER)
    grafted = a_message(market, OWNER, other, one.assignment)
    await assert_refused(market, market.send(grafted), 404, "unknown-assignment")
    grafted_back = a_vendor_message(market, VENDOR, other, one.assignment)
    await assert_refused(market, market.send(grafted_back), 404, "unknown-assignment")


@pytest.mark.parametrize("published", [False, True])
async def test_a_message_out_of_its_place(market: ClockedMarket, published: bool) -> None:
    """Neither can take the place of one that was sent, nor leave a gap that would look like a withheld one."""
    one = await given(market)
    await assert_refused(market, market.send(said(market, one, 2)), 409, "out-of-turn")
    await market.store(said(market, one), replied(market, one))
    if published:
        await market.publish()
    for late in (said(market, one, 1), replied(market, one, 1), said(market, one, 3)):
        await assert_refused(market, market.send(late), 409, "out-of-turn")
    await market.store(said(market, one, 2), replied(market, one, 2))


async def test_a_box_whose_length_would_tell(lite: ClockedMarket) -> None:
    market = lite
    body = msgspec.to_builtins(said(market, await given(market)).body)
    short = canonical(proof.sign(body | {"sealed": body["sealed"][:747]}, OWNER))
    await assert_refused(market, market.post("/messages", short), 422, "invalid-field")


@pytest.mark.on_postgresql
async def test_a_side_that_floods_the_other(open_market: OpenMarket) -> None:
    market = await open_market(messages={"days": 9, "per_day": 2, "in_all": 3})
    one = await given(market)
    await market.store(*(said(market, one, number) for number in (1, 2)))
    await market.store(*(replied(market, one, number) for number in (1, 2)))
    for third in (said(market, one, 3), replied(market, one, 3)):
        await assert_refused(market, market.send(third), 429, "messages-used-up")
    market.clock.advance(DAY)
    await market.publish()
    await market.store(said(market, one, 3), replied(market, one, 3))
    market.clock.advance(DAY)
    await market.publish()
    for fourth in (said(market, one, 4), replied(market, one, 4)):
        await assert_refused(market, market.send(fourth), 429, "messages-used-up")


async def test_long_after_the_acceptance(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market)
    market.clock.advance((market.rules.messages.days + 1) * DAY)
    for late in (said(market, one), replied(market, one)):
        await assert_refused(market, market.send(late), 409, "conversation-over")


async def test_the_market_forgets_what_it_could_not_read(market: ClockedMarket) -> None:
    one = await given(market)
    message, reply = said(market, one), replied(market, one)
    await market.store(message, reply)
    await market.publish()
    market.clock.advance((market.rules.mail.keep_days + 2) * DAY)
    await market.publish()
    assert await heard(market) == []
    contents = await market.contents()
    for table in ("messages", "vendor_messages"):
        [row] = contents[table]
        assert row[-1] is None, "the market keeps what it said that it forgets"
    for sent in (message, reply):
        assert (await market.send(sent)).is_success, "it is known all the same"


async def test_nothing_tells_when_it_came(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market)
    market.clock.advance(7)
    await market.store(said(market, one))
    await market.publish()
    [row] = (await market.contents())["messages"]
    step = market.rules.schedule.batch_seconds
    [promised] = {value for value in row if isinstance(value, int) and value > 1_000_000}
    assert promised % step == 0
