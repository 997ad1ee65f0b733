"""The vendor brings what its customer signed at the counter: it is as final as a receipt."""

import pytest

from tests.marketplace.fulfilment.scenes import (
    OWNER,
    VENDOR,
    delivered,
    delivery,
    events,
    given,
    pass_time,
)
from tests.marketplace.fulfilment.test_cancellations import claim
from tests.support import (
    ClockedMarket,
    a_cancellation,
    a_confirmation,
    a_handover,
    a_key,
    assert_refused,
    forged,
)
from vrm.documents import Promise, read


@pytest.mark.on_postgresql
async def test_what_was_signed_at_the_counter_is_received(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = a_handover(market, OWNER, one.request, one.assignment)
    answer = await market.send(word)
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (word.digest, "Handover")
    assert (await market.send(word)).content == answer.content
    assert (await delivery(market))["state"] == "accepted", "no clock tells who stood there when"
    await market.publish()
    assert (await delivery(market))["state"] == "received"
    assert (await events(market))[-1] == "handover.made"
    await (await claim(market, "stamp-f")).stamp(market)
    said = a_confirmation(market, OWNER, one.request, one.assignment, received=False)
    await assert_refused(market, market.send(said), 409, "already-received")


async def test_it_counts_before_any_other_word_of_its_batch(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, 25)
    await market.store(
        a_cancellation(market, OWNER, one.request, one.assignment),
        a_confirmation(market, OWNER, one.request, one.assignment, received=False),
        a_handover(market, OWNER, one.request, one.assignment),
    )
    await market.publish()
    assert (await delivery(market))["state"] == "received"


async def test_a_vendor_that_signs_for_its_customer(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = a_handover(market, VENDOR, one.request, one.assignment)
    await assert_refused(market, market.send(word), 403, "foreign-request")
    own = forged(a_handover(market, OWNER, one.request, one.assignment), VENDOR)
    await assert_refused(market, market.post("/handovers", own), 422, "wrong-key")


@pytest.mark.on_postgresql
async def test_somebody_else_s_answer(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = a_handover(market, a_key("stranger"), one.request, one.assignment)
    await assert_refused(market, market.send(word), 403, "foreign-request")


async def test_over_the_counter_what_is_shipped(market: ClockedMarket) -> None:
    one = await delivered(market, delivery="ship")
    word = a_handover(market, OWNER, one.request, one.assignment)
    await assert_refused(market, market.send(word), 422, "delivery-not-offered")


async def test_a_handover_to_whom_nobody_disclosed(market: ClockedMarket) -> None:
    """A vendor and its own customer need at least as much for an F-stamp as with a Confirmation."""
    one = await given(market)
    word = a_handover(market, OWNER, one.request, one.assignment)
    await assert_refused(market, market.send(word), 409, "not-disclosed")
