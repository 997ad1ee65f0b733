"""Bids that break a rule, one by one and in batches."""

import asyncio
import json
from typing import Any

import pytest

from marketplace.vendors import service as vendors
from tests.support import (
    HERE,
    ClockedMarket,
    a_bid,
    a_bid_withdrawal,
    a_key,
    a_place,
    a_request,
    a_vendor,
    a_withdrawal,
    assert_refused,
    forged,
    problem,
)
from vrm.documents import PersonalRequest, Receipt, Signed, read
from vrm.documents.place import Point

VENDOR = a_key("vendor")
OTHER = a_key("other vendor")
PSEUDONYM = a_key("pseudonym")


async def open_request(market: ClockedMarket, **changes: Any) -> Signed[PersonalRequest]:
    """A request on the board, with two vendors who could bid on it."""
    request = a_request(market, PSEUDONYM, **changes)
    await market.store(a_vendor(market, VENDOR), a_vendor(market, OTHER), request)
    await market.publish()
    return request


async def test_a_bid_over_the_ceiling(market: ClockedMarket) -> None:
    request = await open_request(market)
    await market.store(a_bid(market, OTHER, request, price={"amount": 25_000}))
    bid = a_bid(market, VENDOR, request, price={"amount": 25_001})
    await assert_refused(market, market.send(bid), 422, "over-ceiling")


@pytest.mark.parametrize("amount", [24_999, 25_001])
async def test_a_bid_off_the_fixed_price(market: ClockedMarket, amount: int) -> None:
    request = await open_request(market, price={"kind": "fixed"})
    await market.store(a_bid(market, OTHER, request))
    bid = a_bid(market, VENDOR, request, price={"amount": amount})
    await assert_refused(market, market.send(bid), 422, "off-fixed-price")


async def test_a_bid_in_another_currency(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request, price={"currency": "USD"})
    await assert_refused(market, market.send(bid), 422, "currency-mismatch")


@pytest.mark.parametrize("terms", [{"digest": "A" * 43}, {"id": "PDC-OTHER"}])
async def test_a_bid_without_the_terms(market: ClockedMarket, terms: dict[str, str]) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request, terms=terms)
    await assert_refused(market, market.send(bid), 422, "terms-not-accepted")


async def test_a_bid_with_a_price_that_does_not_add_up(market: ClockedMarket) -> None:
    request = await open_request(market)
    price = {"amount": 20_000, "currency": "EUR", "parts": [{"label": "Item", "amount": 19_000}]}
    body = forged(a_bid(market, VENDOR, request), VENDOR, price=price)
    await assert_refused(market, market.post("/bids", body), 422, "invalid-field")


async def test_a_bid_after_the_close(market: ClockedMarket) -> None:
    request = await open_request(market)
    closes = market.market.calendar.bids_close(market.market.calendar.joins(market.clock.now))
    market.clock.set(closes - 1)
    await market.store(a_bid(market, VENDOR, request))
    market.clock.set(closes)
    bid = a_bid(market, VENDOR, request, seq=2)
    await assert_refused(market, market.send(bid), 409, "bids-closed")
    assert (await market.send_batch(bid))[0]["problem"]["code"] == "bids-closed"


async def test_a_bid_after_the_run(market: ClockedMarket) -> None:
    request = await open_request(market)
    market.clock.set("2026-11-21T08:00:00Z")
    await market.close_now()
    bid = a_bid(market, VENDOR, request)
    await assert_refused(market, market.send(bid), 409, "bids-closed")


async def test_a_bid_on_a_withdrawn_request(market: ClockedMarket) -> None:
    request = await open_request(market)
    await market.store(a_withdrawal(market, PSEUDONYM, request.digest))
    await market.publish()
    bid = a_bid(market, VENDOR, request)
    await assert_refused(market, market.send(bid), 409, "request-withdrawn")


async def test_a_bid_on_an_unknown_request(market: ClockedMarket) -> None:
    await open_request(market)
    bid = a_bid(market, VENDOR, a_request(market))
    await assert_refused(market, market.send(bid), 404, "unknown-request")


async def test_a_bid_on_a_request_that_still_waits(market: ClockedMarket) -> None:
    """Whether something waits is nobody's business: the answer is that of an unknown request."""
    await open_request(market)
    waiting = a_request(market)
    await market.store(waiting)
    bid = a_bid(market, VENDOR, waiting)
    await assert_refused(market, market.send(bid), 404, "unknown-request")


async def test_a_bid_for_another_vendor(market: ClockedMarket) -> None:
    request = await open_request(market)
    body = forged(a_bid(market, VENDOR, request), OTHER)
    await assert_refused(market, market.post("/bids", body), 422, "wrong-key")


async def test_a_bid_by_an_unregistered_vendor(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, a_key("stranger"), request)
    await assert_refused(market, market.send(bid), 404, "unknown-vendor")


async def test_a_bid_by_a_suspended_vendor(market: ClockedMarket) -> None:
    request = await open_request(market)
    await vendors.suspend(market.market, VENDOR.did, "It sent nothing")
    await assert_refused(market, market.send(a_bid(market, VENDOR, request)), 403, "suspended")


async def test_a_bid_from_an_unknown_place(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request, place="elsewhere")
    await assert_refused(market, market.send(bid), 422, "unknown-place")


async def test_a_bid_with_a_delivery_that_the_customer_does_not_take(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request, delivery="on-site")
    await assert_refused(market, market.send(bid), 422, "delivery-not-offered")


async def test_a_bid_with_a_delivery_that_the_vendor_does_not_offer(market: ClockedMarket) -> None:
    request = await open_request(market)
    await market.store(a_vendor(market, VENDOR, seq=2, delivery=("pickup",)))
    bid = a_bid(market, VENDOR, request, delivery="ship")
    await assert_refused(market, market.send(bid), 422, "delivery-not-offered")


NORTH = Point(HERE.lat_e6 + 200_000, HERE.lng_e6)
"""22 km away."""


async def test_a_pickup_farther_than_the_customer_goes(market: ClockedMarket) -> None:
    """The customer's radius counts for a pickup, whatever the vendor's reach."""
    request = await open_request(market)
    await market.store(a_vendor(market, VENDOR, seq=2, places=(a_place(where=NORTH),)))
    bid = a_bid(market, VENDOR, request, delivery="pickup")
    await assert_refused(market, market.send(bid), 422, "out-of-reach")
    await market.store(a_bid(market, VENDOR, request, delivery="ship"))


async def test_a_delivery_farther_than_the_place_reaches(market: ClockedMarket) -> None:
    """The place's reach counts for a delivery, whatever the customer's radius."""
    request = await open_request(market, area={"radius_m": 50_000})
    await market.store(
        a_vendor(market, VENDOR, seq=2, places=(a_place(where=NORTH, reach_m=20_000),))
    )
    bid = a_bid(market, VENDOR, request, delivery="ship")
    await assert_refused(market, market.send(bid), 422, "out-of-reach")
    await market.store(a_bid(market, VENDOR, request, delivery="pickup"))


@pytest.mark.parametrize("seq", [4, 5])
async def test_a_stale_sequence(market: ClockedMarket, seq: int) -> None:
    request = await open_request(market)
    await market.store(a_bid(market, VENDOR, request, seq=5))
    bid = a_bid(market, VENDOR, request, seq=seq)
    await assert_refused(market, market.send(bid), 409, "stale-sequence")


@pytest.mark.on_postgresql
async def test_a_withdrawn_bid_s_sequence_is_spent(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request, seq=5)
    await market.store(bid, a_bid_withdrawal(market, VENDOR, bid.digest))
    again = a_bid(market, VENDOR, request, seq=5)
    await assert_refused(market, market.send(again), 409, "stale-sequence")
    await market.store(a_bid(market, VENDOR, request, seq=6))


async def test_a_withdrawal_of_another_vendor_s_bid(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request)
    await market.store(bid)
    withdrawal = a_bid_withdrawal(market, OTHER, bid.digest)
    await assert_refused(market, market.send(withdrawal), 403, "another-vendor")


async def test_a_withdrawal_of_an_unknown_bid(market: ClockedMarket) -> None:
    withdrawal = a_bid_withdrawal(market, VENDOR, "A" * 43)
    await assert_refused(market, market.send(withdrawal), 404, "unknown-bid")


async def test_a_withdrawal_of_a_superseded_bid(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request)
    await market.store(bid, a_bid(market, VENDOR, request, seq=2))
    withdrawal = a_bid_withdrawal(market, VENDOR, bid.digest)
    await assert_refused(market, market.send(withdrawal), 409, "bid-not-live")


async def test_a_withdrawal_of_a_firm_bid(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request)
    await market.store(bid)
    closes = market.market.calendar.bids_close(market.market.calendar.joins(market.clock.now))
    market.clock.set(closes)
    withdrawal = a_bid_withdrawal(market, VENDOR, bid.digest)
    await assert_refused(market, market.send(withdrawal), 409, "bids-closed")


async def test_a_withdrawal_sent_twice_is_answered_twice(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request)
    await market.store(bid)
    withdrawal = a_bid_withdrawal(market, VENDOR, bid.digest)
    first, second = await market.send(withdrawal), await market.send(withdrawal)
    assert (first.status_code, second.status_code) == (201, 200)
    answer = first.json()
    assert answer == second.json()
    assert (answer["bid"], answer["request"]) == (bid.digest, request.digest)
    receipt = read(json.dumps(answer["receipt"]).encode(), Receipt).body
    assert (receipt.signer, receipt.document) == (market.did, withdrawal.digest)


@pytest.mark.on_postgresql
async def test_the_same_bid_gets_the_same_answer(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request)
    answers = await asyncio.gather(*(market.send(bid) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert {answer.text for answer in answers} == {answers[0].text}
    await market.reach_cutoff(request)
    assert (await market.send(bid)).status_code == 200


@pytest.mark.on_postgresql
async def test_bids_of_one_vendor_on_one_request_at_once_leave_one_live(
    market: ClockedMarket,
) -> None:
    request = await open_request(market)
    bids = [a_bid(market, VENDOR, request, seq=seq) for seq in range(1, 13)]
    answers = await asyncio.gather(*(market.send(bid) for bid in bids))
    assert {answer.status_code for answer in answers} <= {201, 409}
    own = (await market.read(VENDOR, "/vendors/self/bids"))["items"]
    assert [bid["state"] for bid in own].count("live") == 1
    (live,) = [bid for bid in own if bid["state"] == "live"]
    assert live["document"]["seq"] == 12


async def test_a_batch_keeps_the_good_and_tells_each_bad_one_why(market: ClockedMarket) -> None:
    request = await open_request(market)
    fixed = a_request(market, price={"kind": "fixed"})
    await market.store(fixed)
    await market.publish()
    good = a_bid(market, VENDOR, request)
    changed = good.wire.replace(b'"lead_time_hours":24', b'"lead_time_hours":25')
    entries: list[tuple[bytes, str]] = [
        (good.wire, "accepted"),
        (a_bid(market, OTHER, request, price={"amount": 25_001}).wire, "over-ceiling"),
        (changed, "bad-signature"),
        (good.wire, "known"),
        (b'{"type":"Bid"}', "unsupported-version"),
        (b'"a bid"', "not-an-object"),
        (request.wire, "wrong-type"),
        (forged(good, VENDOR, market=a_key("market").did), "wrong-market"),
        (a_bid(market, OTHER, fixed, price={"amount": 1}).wire, "off-fixed-price"),
        (a_bid(market, OTHER, fixed).wire, "accepted"),
        (a_bid(market, VENDOR, a_request(market)).wire, "unknown-request"),
    ]
    body = b'{"bids":[' + b",".join(wire for wire, _ in entries) + b"]}"
    answer = await market.post("/bids/batch", body)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    found = [one.get("problem", {}).get("code", one["status"]) for one in results]
    assert found == [expected for _, expected in entries]
    assert (results[0]["bid"], results[0]["request"]) == (good.digest, request.digest)
    stored = {row[0] for row in (await market.contents())["bids"]}
    assert stored == {results[0]["bid"], results[9]["bid"]}
    for one in results:
        assert (one["status"] == "refused") == ("problem" in one)


async def test_two_sequence_numbers_of_one_vendor_in_one_batch(market: ClockedMarket) -> None:
    request = await open_request(market)
    bids = [a_bid(market, VENDOR, request, seq=seq) for seq in (3, 7, 5, 8)]
    results = await market.send_batch(*bids)
    assert [one["status"] for one in results] == ["accepted", "accepted", "refused", "accepted"]
    assert results[2]["problem"]["code"] == "stale-sequence"
    own = (await market.read(VENDOR, "/vendors/self/bids"))["items"]
    states = {one["bid"]: one["state"] for one in own}
    assert [states.get(bid.digest) for bid in bids] == ["superseded", "superseded", None, "live"]


async def test_a_batch_with_duplicate_keys_in_one_bid(market: ClockedMarket) -> None:
    """Each bid is read by the strict rules alone, and the others are none the worse for it."""
    request = await open_request(market)
    good = a_bid(market, VENDOR, request)
    body = b'{"bids":[{"v":1,"v":1},' + good.wire + b',{"v":1.5},[]]}'
    answer = await market.http.post(
        "/bids/batch", content=body, headers={"Content-Type": "application/json"}
    )
    codes = [one.get("problem", {}).get("code") for one in answer.json()["results"]]
    assert codes == ["duplicate-key", None, "float", "not-an-object"]


async def test_a_batch_supersedes_what_was_stored_before(market: ClockedMarket) -> None:
    request = await open_request(market)
    before, after = a_bid(market, VENDOR, request, seq=1), a_bid(market, VENDOR, request, seq=2)
    await market.store(before)
    assert [one["status"] for one in await market.send_batch(after, before)] == [
        "accepted",
        "known",
    ]


BATCHES = {
    "a_list": (b"[]", 422, "invalid-field"),
    "no_json": (b'{"bids":[{}', 422, "invalid-field"),
    "no_list": (b'{"bids":{}}', 422, "invalid-field"),
    "nothing": (b"{}", 422, "invalid-field"),
    "a_member_more": (b'{"bids":[{}],"dry_run":true}', 422, "invalid-field"),
    "no_bids": (b'{"bids":[]}', 422, "batch-size"),
    "a_thousand_and_one_bids": (b'{"bids":[' + b"{}," * 1000 + b"{}]}", 422, "batch-size"),
    "five_mebibytes": (b'{"bids":["' + b"x" * 5_000_000 + b'"]}', 413, "too-large"),
}


@pytest.mark.parametrize("attack", BATCHES)
async def test_a_batch_that_is_none(market: ClockedMarket, attack: str) -> None:
    body, status, code = BATCHES[attack]
    await assert_refused(market, market.post("/bids/batch", body), status, code)


async def test_an_oversized_bid_in_a_batch(market: ClockedMarket) -> None:
    """A bid of its own could not be so long, so it is none in a batch either."""
    request = await open_request(market)
    long_ = forged(a_bid(market, VENDOR, request), VENDOR, text="x" * 70_000)
    answer = await market.post("/bids/batch", b'{"bids":[' + long_ + b"]}")
    assert answer.json()["results"][0]["problem"]["status"] in {413, 422}
    assert (await market.contents())["bids"] == []


@pytest.mark.on_postgresql
async def test_a_thousand_bids_in_one_call(market: ClockedMarket) -> None:
    request = await open_request(market)
    bids = [a_bid(market, VENDOR, request, seq=seq) for seq in range(1, 1001)]
    results = await market.send_batch(*bids)
    assert {one["status"] for one in results} == {"accepted"}
    rows = (await market.contents())["bids"]
    assert len(rows) == 1000
    assert sum("live" in row for row in rows) == 1


async def test_an_answer_to_a_call_that_is_not_signed_names_no_bid(market: ClockedMarket) -> None:
    request = await open_request(market)
    bid = a_bid(market, VENDOR, request)
    await market.store(bid)
    answer = await market.http.get("/vendors/self/bids")
    assert problem(answer) == (401, "signature-required")
    assert bid.digest not in answer.text
