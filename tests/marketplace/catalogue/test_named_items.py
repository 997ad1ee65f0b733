"""Requests that name items: what is taken, who may bid, and where they go."""

from typing import Any

import pytest

from crypto.canonical import canonical
from tests.conftest import OpenMarket
from tests.support import (
    ClockedMarket,
    a_bid,
    a_key,
    a_place,
    a_request,
    a_request_for,
    a_vendor,
    an_item,
    assert_refused,
    problem,
)
from vrm.documents import (
    CatalogueItem,
    Fallback,
    PersonalRequest,
    RunReport,
    Signed,
    read,
)

BRAND, SHOP, STRANGER = a_key("brand"), a_key("shop"), a_key("stranger")


async def a_brand(market: ClockedMarket, **changes: Any) -> Signed[CatalogueItem]:
    """A brand whose item one shop may sell, and another vendor may not."""
    item = an_item(market, BRAND, **({"authorised": (SHOP.did,)} | changes))
    await market.store(
        a_vendor(market, BRAND, name="Pramwell"),
        a_vendor(market, SHOP),
        a_vendor(market, STRANGER),
        item,
    )
    return item


async def wanted(
    market: ClockedMarket, item: Signed[CatalogueItem], **changes: Any
) -> Signed[PersonalRequest]:
    """A published request for an item."""
    request = a_request_for(market, item, **changes)
    await market.store(request)
    await market.publish()
    return request


async def report(market: ClockedMarket, day: str) -> RunReport:
    found = (await market.get(f"/runs/{day}"))["report"]
    return read(canonical(found), RunReport).body


async def fallbacks(market: ClockedMarket, day: str) -> list[Fallback]:
    found = await market.items(f"/runs/{day}/fallbacks")
    return [read(canonical(one), Fallback).body for one in found]


async def test_served_nearby(market: ClockedMarket) -> None:
    request = await wanted(market, await a_brand(market))
    await market.store(a_bid(market, SHOP, request))
    day = await market.reach_cutoff(request)
    (assignment,) = await market.items(f"/runs/{day}/assignments")
    assert (assignment["vendor"], assignment["amount"]) == (SHOP.did, 24_900)
    assert await fallbacks(market, day) == []
    assert (await report(market, day)).fallback == 0


async def test_shipped_by_the_brand(market: ClockedMarket) -> None:
    item = await a_brand(market)
    request = await wanted(market, item)
    day = await market.reach_cutoff(request)
    (fallback,) = await fallbacks(market, day)
    assert fallback == Fallback(
        market=market.did,
        day=day,
        request=request.digest,
        principal=BRAND.did,
        item="duo",
        amount=24_900,
        currency="EUR",
        tick=0,
    )
    found = await report(market, day)
    assert (found.requests, found.assigned, found.fallback) == (1, 0, 1)
    assert sum(found.unfilled.values()) == 0
    assert await market.items(f"/runs/{day}/unfilled") == []
    assert await market.items(f"/runs/{day}/items") == [
        {"request": request.digest, "item": item.digest, "suspended": False}
    ]
    told = await market.get(f"/runs/{day}/requests/{request.digest}")
    assert (told["outcome"], told["principal"], told["reason"]) == (
        "fallback",
        BRAND.did,
        "no-bids",
    )
    assert told["sentences"][1] == "So Pramwell, whose item it is, ships it."


async def test_a_fallback_is_served_before_it_is_signed_with_the_same_bytes(
    market: ClockedMarket,
) -> None:
    request = await wanted(market, await a_brand(market))
    day = await market.reach_cutoff(request)
    stored = await market.items(f"/runs/{day}/fallbacks")
    await market.execute("DELETE FROM signed_fallbacks")
    assert await market.items(f"/runs/{day}/fallbacks") == stored


async def test_a_shop_that_is_full_leaves_the_rest_to_the_brand(market: ClockedMarket) -> None:
    item = await a_brand(market)
    await market.store(a_vendor(market, SHOP, seq=2, places=(a_place(capacity=1),)))
    requests = [a_request_for(market, item) for _ in range(3)]
    await market.store(*requests)
    await market.publish()
    await market.send_batch(*(a_bid(market, SHOP, request) for request in requests))
    day = await market.reach_cutoff(requests[0])
    found = await report(market, day)
    assert (found.assigned, found.fallback) == (1, 2)
    shipped = (await fallbacks(market, day))[0].request
    told = await market.get(f"/runs/{day}/requests/{shipped}")
    assert (told["outcome"], told["reason"]) == ("fallback", "capacity")


# --- requests that do not fit ---


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"price": {"amount": 24_899}}, 422, "off-item-price"),
        ({"price": {"kind": "ceiling"}}, 422, "off-item-price"),
        ({"need": {"quantity": 2}}, 422, "off-item-price"),
        ({"need": {"category": "books"}}, 422, "unlike-item"),
        ({"delivery": ("ship", "on-site")}, 422, "unlike-item"),
        ({"item": {"id": "trio"}}, 404, "unknown-item"),
        ({"item": {"principal": SHOP.did}}, 404, "unknown-item"),
    ],
)
async def test_a_request_that_is_not_as_the_item_is_offered(
    market: ClockedMarket, change: dict[str, Any], status: int, code: str
) -> None:
    request = a_request_for(market, await a_brand(market), **change)
    await assert_refused(market, market.send(request), status, code)


async def test_two_of_an_item_for_twice_its_price(market: ClockedMarket) -> None:
    item = await a_brand(market)
    twice = {"need": {"quantity": 2}, "price": {"amount": 49_800}}
    request = await wanted(market, item, **twice)
    day = await market.reach_cutoff(request)
    assert [one.amount for one in await fallbacks(market, day)] == [49_800]


async def test_an_item_off_the_list(market: ClockedMarket) -> None:
    item = await a_brand(market, listed=False)
    await assert_refused(market, market.send(a_request_for(market, item)), 409, "item-not-listed")


async def test_an_item_of_a_suspended_brand(market: ClockedMarket) -> None:
    item = await a_brand(market)
    await _suspend(market)
    await assert_refused(market, market.send(a_request_for(market, item)), 409, "item-not-listed")


async def test_a_changed_price_after_the_request(market: ClockedMarket) -> None:
    """The request keeps the price at which it was taken; the next one meets the new price."""
    item = await a_brand(market)
    request = await wanted(market, item)
    dearer = an_item(market, BRAND, seq=2, amount=30_000, authorised=(SHOP.did,))
    await market.store(dearer)
    await assert_refused(market, market.send(a_request_for(market, item)), 422, "off-item-price")
    refused = await market.send(a_bid(market, SHOP, request, price={"amount": 30_000}))
    assert problem(refused) == (422, "off-fixed-price")
    day = await market.reach_cutoff(request)
    (fallback,) = await fallbacks(market, day)
    assert fallback.amount == 24_900
    assert (await market.items(f"/runs/{day}/items"))[0]["item"] == dearer.digest


# --- who may bid ---


async def test_an_unauthorised_bid(market: ClockedMarket) -> None:
    request = await wanted(market, await a_brand(market))
    bid = a_bid(market, STRANGER, request)
    await assert_refused(market, market.send(bid), 403, "not-authorised")
    good, bad = await market.send_batch(a_bid(market, SHOP, request), bid)
    assert (good["status"], bad["problem"]["code"]) == ("accepted", "not-authorised")


async def test_everybody_may_sell_what_names_nobody(market: ClockedMarket) -> None:
    item = an_item(market, BRAND)
    await market.store(a_vendor(market, BRAND), a_vendor(market, STRANGER), item)
    request = await wanted(market, item)
    await market.store(a_bid(market, STRANGER, request))
    day = await market.reach_cutoff(request)
    assert (await report(market, day)).assigned == 1


async def test_a_shop_that_the_brand_struck_off_after_its_bid(market: ClockedMarket) -> None:
    request = await wanted(market, await a_brand(market))
    await market.store(a_bid(market, SHOP, request))
    await market.store(an_item(market, BRAND, seq=2, authorised=()))
    day = await market.reach_cutoff(request)
    told = await market.get(f"/runs/{day}/requests/{request.digest}")
    (candidate,) = told["candidates"]
    assert (candidate["eligible"], candidate["why"]) == (False, "unauthorised")
    assert (told["outcome"], told["reason"]) == ("fallback", "none-eligible")
    assert any("may not sell this item" in sentence for sentence in told["sentences"])


@pytest.mark.on_postgresql
async def test_only_bids_on_the_item_are_struck(market: ClockedMarket) -> None:
    """A shop that one item does not name may still win what names another item, or none."""
    item = await a_brand(market, authorised=())
    other = an_item(market, BRAND, id="trio", authorised=(STRANGER.did, SHOP.did))
    await market.store(other)
    requests = [a_request_for(market, other), a_request(market), a_request_for(market, item)]
    await market.store(*requests)
    await market.publish()
    await market.send_batch(*(a_bid(market, SHOP, request) for request in requests[:2]))
    await market.send_batch(*(a_bid(market, STRANGER, request) for request in requests[:2]))
    await market.store(an_item(market, BRAND, id="trio", seq=2, authorised=(STRANGER.did,)))
    day = await market.reach_cutoff(requests[0])
    won = {one["request"]: one["vendor"] for one in await market.items(f"/runs/{day}/assignments")}
    assert won[requests[0].digest] == STRANGER.did
    assert requests[1].digest in won
    assert [one.request for one in await fallbacks(market, day)] == [requests[2].digest]


# --- what changes before the run, and after the close ---


async def test_a_brand_that_takes_its_item_off_the_list_ships_nothing(
    market: ClockedMarket,
) -> None:
    item = await a_brand(market)
    served, left = a_request_for(market, item), a_request_for(market, item)
    await market.store(served, left)
    await market.publish()
    await market.store(an_item(market, BRAND, seq=2, listed=False, authorised=(SHOP.did,)))
    await market.store(a_bid(market, SHOP, served))
    day = await market.reach_cutoff(served)
    found = await report(market, day)
    assert (found.assigned, found.fallback, found.unfilled["no-bids"]) == (1, 0, 1)
    told = await market.get(f"/runs/{day}/requests/{left.digest}")
    assert (told["outcome"], told["principal"]) == ("unfilled", None)


async def test_a_suspended_brand_ships_nothing(market: ClockedMarket) -> None:
    request = await wanted(market, await a_brand(market))
    await _suspend(market)
    day = await market.reach_cutoff(request)
    assert (await report(market, day)).fallback == 0
    assert (await market.items(f"/runs/{day}/items"))[0]["suspended"] is True


async def test_a_brand_that_backs_out_after_bids_have_closed(market: ClockedMarket) -> None:
    item = await a_brand(market)
    request = await wanted(market, item)
    cutoff = market.market.calendar.joins(market.clock.now)
    market.clock.set(market.market.calendar.bids_close(cutoff))
    await market.store(an_item(market, BRAND, seq=2, listed=False))
    day = await market.reach_cutoff(request)
    assert [one.request for one in await fallbacks(market, day)] == [request.digest]
    assert (await market.items(f"/runs/{day}/items"))[0]["item"] == item.digest


async def test_a_day_closed_early_counts_what_was_known_then(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"minimum_open_minutes": 0})
    item = await a_brand(market)
    request = await wanted(market, item)
    day = await market.close_now()
    assert [one.request for one in await fallbacks(market, day)] == [request.digest]


async def test_a_day_explained_after_the_item_changed(market: ClockedMarket) -> None:
    """What a frozen day decides from does not change with the catalogue."""
    request = await wanted(market, await a_brand(market))
    await market.store(a_bid(market, SHOP, request))
    day = await market.reach_cutoff(request)
    path = f"/runs/{day}/requests/{request.digest}"
    told = await market.get(path)
    await market.store(an_item(market, BRAND, seq=2, authorised=(), listed=False))
    await _suspend(market)
    market.market.kept.clear()
    assert await market.get(path) == told


async def _suspend(market: ClockedMarket) -> None:
    await market.execute("UPDATE vendors SET suspended = true WHERE did = :did", did=BRAND.did)
