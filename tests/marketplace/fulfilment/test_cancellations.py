"""Either side takes its word back, as long as that is fair to the other."""

import pytest

from marketplace.requests import service as requests
from tests.marketplace.fulfilment.scenes import (
    OWNER,
    RIVAL,
    VENDOR,
    delivered,
    delivery,
    events,
    evidence,
    given,
    pass_time,
    shipped,
)
from tests.marketplace.stamps.test_stamps import Claim, a_claim
from tests.support import (
    ClockedMarket,
    a_cancellation,
    a_confirmation,
    a_disclosure,
    a_key,
    a_vendor_cancellation,
    assert_refused,
    problem,
)
from tests.support.tokens import issuer_key, minted
from vrm.documents import Promise, read
from vrm.documents.standing import Stamp


async def claim(market: ClockedMarket, kind: Stamp) -> Claim:
    token = minted(market.did, OWNER.did, await issuer_key(market.market))
    return await a_claim(market, OWNER, token, stamp=kind)


# --- the customer ---


@pytest.mark.parametrize("disclosed", [False, True])
async def test_a_customer_wants_it_no_more(market: ClockedMarket, disclosed: bool) -> None:
    one = await (delivered if disclosed else given)(market)
    before = await evidence(market)
    word = a_cancellation(market, OWNER, one.request, one.assignment)
    answer = await market.send(word)
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (word.digest, "Cancellation")
    assert (await market.send(word)).content == answer.content
    assert (await delivery(market))["state"] == "accepted"
    await market.publish()
    assert (await market.send(word)).content == answer.content
    ended = await delivery(market)
    assert (ended["state"], ended["ended_at"] is None) == ("cancelled", False)
    [item] = (await market.read(VENDOR, "/vendors/self/cancellations"))["items"]
    assert item["digest"] == word.digest
    assert (await events(market))[-1] == "cancellation.made"
    assert await evidence(market) == before, "nobody failed"
    returned = await claim(market, "stamp-r")
    assert problem(await returned.post(market)) == (409, "no-stamp")


@pytest.mark.on_postgresql
async def test_cancelled_while_the_vendor_ships(market: ClockedMarket) -> None:
    """The vendor was first: what is on its way cannot be unwanted."""
    one = await delivered(market)
    await market.store(a_cancellation(market, OWNER, one.request, one.assignment))
    await market.store(shipped(market, one))
    await market.publish()
    assert (await delivery(market))["state"] == "ready"
    assert (await market.read(VENDOR, "/vendors/self/cancellations"))["items"] == []
    late = a_cancellation(market, OWNER, one.request, one.assignment)
    await assert_refused(market, market.send(late), 409, "already-shipped")


async def test_cancelled_before_the_vendor_shipped(market: ClockedMarket) -> None:
    """The customer was first, though the batch was published a little late."""
    one = await delivered(market)
    await market.store(a_cancellation(market, OWNER, one.request, one.assignment))
    market.clock.advance(market.rules.schedule.batch_seconds + 1)
    await market.store(shipped(market, one))
    await requests.publish_batch(market.market)
    assert (await delivery(market))["state"] == "cancelled"


@pytest.mark.on_postgresql
async def test_shipping_what_is_wanted_no_more(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(a_cancellation(market, OWNER, one.request, one.assignment))
    await market.publish()
    await assert_refused(market, market.send(shipped(market, one)), 409, "delivery-ended")


async def test_a_token_that_comes_back_with_what_was_cancelled(market: ClockedMarket) -> None:
    """To miss it and to cancel it with the same batch costs what cancelling costs."""
    one = await delivered(market)
    await pass_time(market, 25)
    await market.store(
        a_confirmation(market, OWNER, one.request, one.assignment, received=False),
        a_cancellation(market, OWNER, one.request, one.assignment),
    )
    await market.publish()
    assert (await delivery(market))["state"] == "cancelled"
    returned = await claim(market, "stamp-r")
    assert problem(await returned.post(market)) == (409, "no-stamp")


async def test_cancelled_when_its_vendor_is_overdue(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, 48)
    await market.store(a_cancellation(market, OWNER, one.request, one.assignment))
    await market.publish()
    assert (await delivery(market))["state"] == "cancelled"
    wrong = await claim(market, "stamp-f")
    assert problem(await wrong.post(market)) == (409, "no-stamp")
    await (await claim(market, "stamp-r")).stamp(market)


async def test_a_stranger_who_cancels(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = a_cancellation(market, a_key("stranger"), one.request, one.assignment)
    await assert_refused(market, market.send(word), 403, "foreign-request")


async def test_goods_received_and_then_cancelled(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment))
    await market.store(a_cancellation(market, OWNER, one.request, one.assignment))
    await market.publish()
    assert (await delivery(market))["state"] == "received"


async def test_what_is_cancelled_takes_no_further_word(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(a_cancellation(market, OWNER, one.request, one.assignment))
    await market.publish()
    for word in (
        a_disclosure(market, OWNER, one.request, one.assignment, seq=2),
        a_confirmation(market, OWNER, one.request, one.assignment),
        a_cancellation(market, OWNER, one.request, one.assignment),
        a_vendor_cancellation(market, VENDOR, one.request, one.assignment),
    ):
        await assert_refused(market, market.send(word), 409, "delivery-ended")


# --- the vendor ---


@pytest.mark.parametrize("ready", [False, True])
async def test_a_vendor_that_fails_its_customer(market: ClockedMarket, ready: bool) -> None:
    one = await delivered(market)
    if ready:
        await market.store(shipped(market, one))
    word = a_vendor_cancellation(market, VENDOR, one.request, one.assignment, reason="It broke.")
    answer = await market.send(word)
    assert (answer.status_code, answer.json()["cancellation"]) == (201, word.digest)
    assert (await market.send(word)).status_code == 200
    assert (await delivery(market))["state"] == "vendor-cancelled"
    assert (await evidence(market))[word.digest] is False
    wrong = await claim(market, "stamp-f")
    assert problem(await wrong.post(market)) == (409, "no-stamp")
    await (await claim(market, "stamp-r")).stamp(market)


@pytest.mark.on_postgresql
async def test_a_vendor_that_cancels_before_anything_was_disclosed(market: ClockedMarket) -> None:
    one = await given(market)
    await market.store(a_vendor_cancellation(market, VENDOR, one.request, one.assignment))
    assert (await delivery(market))["state"] == "vendor-cancelled"


async def test_what_is_on_its_way_cannot_be_cancelled(market: ClockedMarket) -> None:
    one = await delivered(market, delivery="ship")
    await market.store(shipped(market, one, state="shipped"))
    word = a_vendor_cancellation(market, VENDOR, one.request, one.assignment)
    await assert_refused(market, market.send(word), 409, "already-shipped")


async def test_a_rival_that_cancels_for_another(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = a_vendor_cancellation(market, RIVAL, one.request, one.assignment)
    await assert_refused(market, market.send(word), 403, "not-your-assignment")


async def test_a_vendor_that_never_accepted(market: ClockedMarket) -> None:
    one = await given(market, accepted=False)
    word = a_vendor_cancellation(market, VENDOR, one.request, one.assignment)
    await assert_refused(market, market.send(word), 409, "not-accepted")
