"""Two sides that do not agree: each speaks once and shows messages that were sent; the operator decides."""

from typing import Any

import msgspec
import pytest

import crypto
from marketplace.disputes import service as disputes
from tests.marketplace.fulfilment.scenes import OWNER, RIVAL, VENDOR, Given, delivered, given
from tests.marketplace.mail.test_buckets import boxes
from tests.support import (
    ClockedMarket,
    a_dispute,
    a_key,
    a_request,
    a_vendor_dispute,
    assert_refused,
)
from tests.support.market import in_path
from vrm.documents import (
    Dispute,
    Message,
    Promise,
    Ruling,
    Shown,
    Signed,
    VendorDispute,
    VendorMessage,
    read,
    sign,
)
from vrm.documents.conversation import write
from vrm.documents.dispute import MOST_SHOWN

DAY = 86_400


@pytest.fixture
async def lite(sqlite_market: ClockedMarket) -> ClockedMarket:
    """An empty market on SQLite."""
    await sqlite_market.reset()
    return sqlite_market


def said(market: ClockedMarket, one: Given, *shown: Shown, **changes: Any) -> Signed[Dispute]:
    return a_dispute(market, OWNER, one.request, one.assignment, *shown, **changes)


def replied(
    market: ClockedMarket, one: Given, *shown: Shown, **changes: Any
) -> Signed[VendorDispute]:
    return a_vendor_dispute(market, VENDOR, one.request, one.assignment, *shown, **changes)


async def talk(
    market: ClockedMarket, one: Given, text: str, number: int = 1, *, by_vendor: bool = False
) -> Shown:
    """Send a message that counts at once; answers how it is shown."""
    if by_vendor:
        key, recipient = VENDOR, one.request.body.reply_key
    else:
        day = in_path((await market.items("/runs"))[0]["day"])
        [accepted] = await market.items(f"/runs/{day}/acceptances")
        key, recipient = OWNER, accepted["document"]["message_key"]
    written = write(
        text,
        number,
        one.assignment,
        request=one.request.digest,
        sender=key,
        recipient=crypto.ReplyPublicKey.from_text(recipient),
    )
    facts: dict[str, Any] = {
        "market": market.did,
        "request": one.request.digest,
        "assignment": one.assignment,
        "number": number,
        "commitment": written.commitment,
        "sealed": written.sealed,
    }
    signed: Signed[Any] = (
        sign(VendorMessage(vendor=key.did, **facts), key)
        if by_vendor
        else sign(Message(pseudonym=key.did, **facts), key)
    )
    await market.store(signed)
    if not by_vendor:
        await market.publish()
    return Shown(document=signed.digest, inside=written.inside)


async def cases(market: ClockedMarket, key: crypto.SigningKey = VENDOR) -> list[Any]:
    page = await market.read(key, "/vendors/self/disputes")
    return list(page["items"])


async def events(market: ClockedMarket) -> list[str]:
    items = (await market.read(VENDOR, "/events"))["items"]
    return [item["type"] for item in items if item["type"].startswith("dispute.")]


@pytest.mark.on_postgresql
async def test_both_sides_speak_and_the_market_decides(market: ClockedMarket) -> None:
    one = await delivered(market)
    by_friday = await talk(market, one, "By Friday, please.")
    promised = await talk(market, one, "Friday it is.", by_vendor=True)
    await talk(market, one, "My door code is 4711.", 2)
    opened = said(market, one, by_friday, promised, text="It came on Monday.")
    answer = await market.send(opened)
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (opened.digest, "Dispute")
    assert await cases(market) == []
    await market.publish()
    assert (await market.send(opened)).content == answer.content
    [case] = await cases(market)
    assert (case["state"], case["customer"]["text"], case["vendor_says"]) == (
        "open",
        "It came on Monday.",
        None,
    )
    before = len(await boxes(market))
    reply = replied(market, one, text="The road was closed.")
    assert (await market.send(reply)).status_code == 201
    assert (await market.send(reply)).status_code == 200
    await market.publish()
    assert len(await boxes(market)) == before + 1

    view = await disputes.show(market.market, one.assignment)
    everything = msgspec.json.encode(view).decode()
    assert "Friday it is." in everything
    assert "4711" not in everything, "the operator reads what nobody has shown"
    wire = await disputes.rule(market.market, one.assignment, "customer", "Friday was agreed.")
    ruling = read(wire, Ruling)
    assert (ruling.body.finds_for, set(ruling.body.disputes)) == (
        "customer",
        {opened.digest, reply.digest},
    )
    assert (await market.get(f"/log/documents/{ruling.digest}"))["reason"] == "Friday was agreed."
    await market.publish()
    assert len(await boxes(market)) == before + 2, "the customer has it by mail"
    [case] = await cases(market)
    assert (case["state"], case["ruling"]["finds_for"]) == ("decided", "customer")
    assert await events(market) == ["dispute.opened", "dispute.decided"]
    assert await cases(market, RIVAL) == []


async def test_the_vendor_opens_and_the_customer_answers(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(replied(market, one))
    await market.publish()
    await market.store(said(market, one))
    await market.publish()
    assert await events(market) == ["dispute.answered"]
    [case] = await cases(market)
    assert case["customer"] is not None
    assert case["vendor_says"] is not None


# --- what is shown ---


async def test_a_made_up_message(lite: ClockedMarket) -> None:
    """Not even the sender can show another text than the one that it sent."""
    market = lite
    one = await delivered(market)
    sent = await talk(market, one, "On Sunday.", by_vendor=True)
    other = write(
        "On Friday.",
        1,
        one.assignment,
        request=one.request.digest,
        sender=VENDOR,
        recipient=crypto.ReplyPublicKey.from_text(one.request.body.reply_key),
    )
    made_up = Shown(document=sent.document, inside=other.inside)
    for side in (said(market, one, made_up), replied(market, one, made_up)):
        await assert_refused(market, market.send(side), 422, "message-not-sent")


async def test_somebody_else_s_message(lite: ClockedMarket) -> None:
    """A message about another assignment, or that was never posted, is no proof here."""
    market = lite
    one = await delivered(market)
    sent = await talk(market, one, "On Sunday.")
    elsewhere = Shown(document="A" * 43, inside=sent.inside)
    await assert_refused(market, market.send(said(market, one, elsewhere)), 404, "unknown-message")


@pytest.mark.parametrize(
    "inside", [{}, {"content": 1}, {"type": "SealedMessage", "v": 1}, {"proof": {}}]
)
async def test_something_that_is_no_message(lite: ClockedMarket, inside: dict[str, Any]) -> None:
    market = lite
    one = await delivered(market)
    sent = await talk(market, one, "On Sunday.")
    odd = Shown(document=sent.document, inside=inside)
    await assert_refused(market, market.send(said(market, one, odd)), 422, "message-not-sent")


async def test_a_message_can_be_shown_after_the_market_forgot_it(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    sent = await talk(market, one, "On Sunday.")
    await market.execute("UPDATE messages SET wire = NULL")
    await market.store(said(market, one, sent))


# --- who may speak, and when ---


async def test_a_stranger_s(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    stranger = a_dispute(market, a_key("stranger"), one.request, one.assignment)
    await assert_refused(market, market.send(stranger), 403, "foreign-request")
    rival = a_vendor_dispute(market, RIVAL, one.request, one.assignment)
    await assert_refused(market, market.send(rival), 403, "not-your-assignment")


async def test_before_the_vendor_accepted(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market, accepted=False)
    for side in (said(market, one), replied(market, one)):
        await assert_refused(market, market.send(side), 409, "not-accepted")


async def test_about_another_request_than_was_assigned(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    grafted = a_dispute(market, OWNER, a_request(market, OWNER), one.assignment)
    await assert_refused(market, market.send(grafted), 404, "unknown-assignment")


async def test_a_side_that_speaks_twice(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(said(market, one), replied(market, one))
    for again in (said(market, one), replied(market, one)):
        await assert_refused(market, market.send(again), 409, "already-disputed")
    await market.publish()
    await assert_refused(market, market.send(said(market, one)), 409, "already-disputed")


async def test_after_the_decision(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(replied(market, one))
    await disputes.rule(market.market, one.assignment, "neither", "They have settled it.")
    await assert_refused(market, market.send(said(market, one)), 409, "dispute-too-late")


async def test_long_after_the_acceptance(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    market.clock.advance((market.rules.ratings.within_days + 1) * DAY)
    for side in (said(market, one), replied(market, one)):
        await assert_refused(market, market.send(side), 409, "dispute-too-late")


@pytest.mark.on_postgresql
async def test_what_was_said_is_forgotten_after_the_decision(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(said(market, one), replied(market, one))
    await market.publish()
    market.clock.advance((market.rules.mail.keep_days + 2) * DAY)
    await market.publish()
    assert all(row[-1] is not None for row in (await market.contents())["disputes"]), "it is open"
    await disputes.rule(market.market, one.assignment, "vendor", "The road was closed.")
    market.clock.advance((market.rules.mail.keep_days + 2) * DAY)
    await market.publish()
    rows = (await market.contents())["disputes"]
    assert len(rows) == 2
    assert all(row[-1] is None for row in rows)


async def test_the_largest_fits_into_the_mail(lite: ClockedMarket) -> None:
    """What is shown goes to the other side by mail, which has a largest size."""
    market = lite
    one = await delivered(market)
    shown = [
        await talk(market, one, "x" * 1300, number, by_vendor=True)
        for number in range(1, MOST_SHOWN + 1)
    ]
    await market.publish()
    before = len(await boxes(market))
    await market.store(replied(market, one, *shown, text="\U0001f600" * 2000))
    await market.publish()
    assert len(await boxes(market)) == before + 1
