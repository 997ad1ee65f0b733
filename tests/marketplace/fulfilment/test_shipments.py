"""The vendor says that an order is on its way, or ready, and both sides see how it stands."""

import pytest

from tests.marketplace.fulfilment.scenes import (
    OWNER,
    RIVAL,
    VENDOR,
    delivered,
    delivery,
    events,
    given,
    pass_time,
    shipped,
)
from tests.support import (
    ClockedMarket,
    a_confirmation,
    a_disclosure,
    assert_refused,
    problem,
)


async def test_from_the_acceptance_to_the_receipt(market: ClockedMarket) -> None:
    one = await given(market)
    begun = await delivery(market)
    assert (begun["state"], begun["assignment"]) == ("accepted", one.assignment)
    assert (begun["disclosed_at"], begun["shipped_at"], begun["ended_at"]) == (None, None, None)
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment))
    await market.publish()
    told = await delivery(market)
    assert (told["state"], told["disclosed_at"] is None) == ("accepted", False)
    word = shipped(market, one)
    answer = await market.send(word)
    assert (answer.status_code, answer.json()["shipment"]) == (201, word.digest)
    assert (await market.send(word)).status_code == 200
    assert (await delivery(market))["state"] == "ready"
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment))
    await market.publish()
    ended = await delivery(market)
    assert (ended["state"], ended["ended_at"] is None) == ("received", False)
    assert (await market.read(RIVAL, "/vendors/self/deliveries"))["items"] == []


async def test_the_vendor_is_told_of_its_customer_s_words(market: ClockedMarket) -> None:
    one = await given(market)
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment))
    assert "disclosure.made" not in await events(market)
    await market.publish()
    assert (await events(market)).count("disclosure.made") == 1
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment))
    await market.publish()
    [*_, last] = (await market.read(VENDOR, "/events"))["items"]
    assert last["type"] == "confirmation.made"
    assert last["data"] == {"assignment": one.assignment, "request": one.request.digest}
    assert last["timestamp"] == (await delivery(market))["ended_at"]


async def test_received_although_the_vendor_never_said_that_it_shipped(
    market: ClockedMarket,
) -> None:
    one = await delivered(market)
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment))
    await market.publish()
    assert (await delivery(market))["state"] == "received"
    await assert_refused(market, market.send(shipped(market, one)), 409, "already-received")


@pytest.mark.on_postgresql
async def test_shipped_after_the_customer_missed_it(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, 25)
    missed = a_confirmation(market, OWNER, one.request, one.assignment, received=False)
    await market.store(missed)
    await market.publish()
    await market.store(shipped(market, one))
    found = await delivery(market)
    assert (found["state"], found["shipped_at"] is None) == ("not-received", False)


async def test_a_disclosure_after_the_end(market: ClockedMarket) -> None:
    one = await delivered(market)
    await market.store(a_confirmation(market, OWNER, one.request, one.assignment))
    later = a_disclosure(market, OWNER, one.request, one.assignment, seq=2)
    await market.store(later)
    await market.publish()
    last = a_disclosure(market, OWNER, one.request, one.assignment, seq=3)
    await assert_refused(market, market.send(last), 409, "already-received")


# --- what no vendor can do ---


async def test_shipping_before_anybody_said_where_to(market: ClockedMarket) -> None:
    one = await given(market)
    await assert_refused(market, market.send(shipped(market, one)), 409, "not-disclosed")


async def test_shipping_what_was_not_accepted(market: ClockedMarket) -> None:
    one = await given(market, accepted=False)
    await assert_refused(market, market.send(shipped(market, one)), 409, "not-accepted")


async def test_a_rival_that_ships_for_another(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = shipped(market, one, RIVAL)
    await assert_refused(market, market.send(word), 403, "not-your-assignment")


async def test_the_wrong_word_for_the_way_of_delivery(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = shipped(market, one, state="shipped")
    await assert_refused(market, market.send(word), 422, "delivery-not-offered")


async def test_about_another_request_than_was_assigned(market: ClockedMarket) -> None:
    one = await delivered(market)
    word = shipped(market, one, request="A" * 43)
    await assert_refused(market, market.send(word), 404, "unknown-assignment")


async def test_reading_deliveries_unsigned(market: ClockedMarket) -> None:
    answer = await market.http.get("/vendors/self/deliveries")
    assert problem(answer) == (401, "signature-required")
