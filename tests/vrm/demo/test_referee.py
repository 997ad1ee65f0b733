"""A small day over HTTP: the referee agrees with an honest market, and names each kind of lie."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.progress import Progress

import crypto
from tests.vrm.vendor.live import LiveMarket, live_market
from vrm import console
from vrm.client.brand import BrandClient
from vrm.client.cascade import RollOver
from vrm.client.customer import CustomerClient
from vrm.client.public import PublicClient
from vrm.client.vendor import VendorClient, place
from vrm.demo import brands, customers
from vrm.demo.catalogue import BRANDS
from vrm.demo.past import Meeting
from vrm.demo.published import Published, download
from vrm.demo.referee import check, referee
from vrm.documents import Preference, Signed, sign
from vrm.errors import MarketRefused
from vrm.money import decimal_text

Lie = Callable[[Published], Published]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveMarket]:
    folder = tmp_path_factory.mktemp("day")
    with live_market(folder / "home") as market:
        asyncio.run(list_items(market.url))
        asyncio.run(post(market.url, folder))
        market.publish()
        asyncio.run(bid(market.url))
        market.close_day()
        asyncio.run(answer(market.url))
        market.tick()
        yield market


@pytest.fixture(scope="module")
def published(live: LiveMarket) -> Published:
    async def read() -> Published:
        async with PublicClient(live.url) as client:
            return await download(client, None)

    return asyncio.run(read())


async def list_items(url: str) -> None:
    """One brand lets the first of the vendors below sell its items, another lets all of them."""
    for number, brand in enumerate(BRANDS):
        key = crypto.SigningKey.from_seed(bytes([60 + number]) * 32)
        async with BrandClient(url, key) as client:
            sellers = [_key(0).did] if brand.sold_by else None
            await brands.enter(client, brand, await client.descriptor(), sellers, "60601")


def _key(number: int) -> crypto.SigningKey:
    return crypto.SigningKey.from_seed(bytes([40 + number]) * 32)


async def post(url: str, folder: Path) -> None:
    async with CustomerClient(url) as client:
        rules, clock = await client.descriptor(), await client.clock()
        items = await customers.brands_items(client)
    players = customers.cast(
        rules, clock, items, folder=folder / "wallets", centre="60601", count=30, seed=3
    )
    with Progress(disable=True) as progress:
        posted = await customers.play(Meeting(url), players, progress)
    assert all(post.request for post in posted)


async def bid(url: str) -> None:
    """Three vendors with little room bid on whatever they can reach."""
    for number, (reach_km, capacity) in enumerate(((60, 4), (60, 4), (20, 40))):
        key = _key(number)
        shop = place(
            "shop",
            "Shop",
            lat=41.88,
            lng=-87.63 - number / 10,
            reach_km=reach_km,
            capacity=capacity,
        )
        async with VendorClient(url, key) as vendor:
            rules = await vendor.descriptor()
            await vendor.register(
                f"Shop {number}",
                places=[shop],
                categories=["other"],
                delivery=["ship", "pickup", "on-site"],
                terms=[rules.terms[0].id],
            )
            async for item in vendor.board():
                price = decimal_text(item.request.price.amount, 2)
                way = item.request.delivery[0]
                try:
                    await vendor.bid(
                        item, place="shop", price=price, delivery=way, lead_time_hours=1
                    )
                except MarketRefused as refusal:
                    if refusal.code not in {"out-of-reach", "not-authorised"}:
                        raise


async def answer(url: str) -> None:
    """The first vendor declines what it was given, the second accepts, the third says nothing."""
    for number, accepts in ((0, False), (1, True)):
        async with VendorClient(url, _key(number)) as vendor:
            given = [one.digest async for one in vendor.my_assignments()]
            assert given
            await (vendor.accept(given) if accepts else vendor.decline(given, "Sold out."))


def test_an_honest_day_is_confirmed(published: Published) -> None:
    finding = check(published)
    assert finding.faults == []
    assert finding.figures["assigned"] == len(published.assignments) > 5
    assert finding.figures["unfilled"].get("capacity", 0) > 0
    assert 0 < finding.figures["first_choices_full"] < 1
    assert finding.figures["fallback"] == len(published.fallbacks) > 0
    assert finding.figures["items_served_nearby"] > 0
    assert finding.figures["declined"] >= finding.figures["placed_again"] > 0
    assert finding.figures["accepted"] > 0


def without_one_assignment(day: Published) -> Published:
    return replace(day, assignments=day.assignments[1:])


def with_another_reason(day: Published) -> Published:
    request = next(iter(day.unfilled))
    wrong = "no-bids" if day.unfilled[request] != "no-bids" else "capacity"
    return replace(day, unfilled={**day.unfilled, request: wrong})


def with_an_invented_preference(day: Published) -> Published:
    """A Preference by another key than the request's, which would make its first runner-up the winner."""
    body = next(found.body for found in day.assignments if found.body.reserve)
    stranger = crypto.SigningKey.generate()
    preference = Preference(
        market=body.market,
        pseudonym=stranger.did,
        request=body.request,
        seq=1,
        salt="A" * 22,
        listed=body.reserve[:1],
    )
    return replace(day, preferences=[sign(preference, stranger)])


def with_a_favoured_vendor(day: Published) -> Published:
    """Give a request to its first runner-up."""
    at = next(i for i, found in enumerate(day.assignments) if found.body.reserve)
    body = day.assignments[at].body
    held = next(held for held in day.bids if held.bid.digest == body.reserve[0])
    return _assignment(day, at, bid=held.bid.digest, vendor=held.bid.body.vendor)


def with_a_seed_of_its_choice(day: Published) -> Published:
    return _report(day, seed="A" * 43)


def with_a_flattered_distance(day: Published) -> Published:
    bids = [replace(day.bids[0], distance_m=day.bids[0].distance_m - 5), *day.bids[1:]]
    return replace(day, bids=bids)


def with_one_unit_more(day: Published) -> Published:
    first = msgspec.structs.replace(day.places[0], units=day.places[0].units + 1)
    return replace(day, places=[first, *day.places[1:]])


def with_a_better_band(day: Published) -> Published:
    last = msgspec.structs.replace(day.places[-1], band=day.places[-1].band + 1)
    return replace(day, places=[*day.places[:-1], last])


def with_an_assignment_as_a_newcomer_s(day: Published) -> Published:
    return _assignment(day, 0, newcomer=True)


def with_a_moved_place(day: Published) -> Published:
    first = msgspec.structs.replace(day.places[0], reach_m=day.places[0].reach_m + 1)
    return replace(day, places=[first, *day.places[1:]])


def without_one_bid(day: Published) -> Published:
    return replace(day, bids=day.bids[1:])


def with_a_bid_counted_twice(day: Published) -> Published:
    return replace(day, bids=[*day.bids, day.bids[0]])


def without_one_request(day: Published) -> Published:
    gone = day.bids[0].bid.body.request
    return replace(day, requests=[one for one in day.requests if one.digest != gone])


def with_a_request_that_nobody_could_read(day: Published) -> Published:
    return replace(day, batches=[])


def with_a_request_that_was_withdrawn(day: Published) -> Published:
    digest = day.requests[0].digest
    first = msgspec.structs.replace(day.batches[0], withdrawals=(digest,))
    return replace(day, batches=[first, *day.batches[1:]])


def with_another_rank(day: Published) -> Published:
    return _assignment(day, 0, rank=day.assignments[0].body.rank + 1)


def with_another_price(day: Published) -> Published:
    return _assignment(day, 0, amount=day.assignments[0].body.amount + 1)


def with_an_empty_reserve(day: Published) -> Published:
    at = next(i for i, found in enumerate(day.assignments) if found.body.reserve)
    return _assignment(day, at, reserve=())


def with_a_count_off_by_one(day: Published) -> Published:
    return _report(day, assigned=day.report.assigned + 1)


def with_another_outcome_digest(day: Published) -> Published:
    return _report(day, outcome="A" * 43)


def without_one_fallback(day: Published) -> Published:
    return replace(day, fallbacks=day.fallbacks[1:])


def with_a_fallback_to_another_brand(day: Published) -> Published:
    return _fallback(day, principal=day.market.market)


def with_a_dearer_fallback(day: Published) -> Published:
    return _fallback(day, amount=day.fallbacks[0].body.amount + 1)


def with_a_brand_that_was_forgotten(day: Published) -> Published:
    return replace(day, items=day.items[1:])


def with_a_brand_let_off_as_suspended(day: Published) -> Published:
    named = {fallback.body.request for fallback in day.fallbacks}
    items = [msgspec.structs.replace(item, suspended=item.request in named) for item in day.items]
    return replace(day, items=items)


def with_a_seller_that_no_brand_named(day: Published) -> Published:
    versions = {
        digest: msgspec.structs.replace(item, authorised=())
        for digest, item in day.versions.items()
    }
    return replace(day, versions=versions)


def without_an_acceptance_s_weight(day: Published) -> Published:
    """A request is taken from a vendor that had accepted it."""
    accepted = next(iter(day.acceptances))
    lost = day.ticks[0].displaced[0]
    return replace(
        day, acceptances=[replace(accepted, request=lost.request, tick=lost.assigned_at)]
    )


def with_a_vendor_robbed_of_its_time(day: Published) -> Published:
    """A tick displaces as timed out what is not due yet."""
    first = replace(day.ticks[0].displaced[0], reason="timed-out", decline=None)
    return _tick(day, displaced=[first, *day.ticks[0].displaced[1:]])


def with_a_decline_of_something_else(day: Published) -> Published:
    first, second, *rest = day.ticks[0].displaced
    swapped = [replace(first, decline=second.decline), replace(second, decline=first.decline)]
    return _tick(day, displaced=[*swapped, *rest])


def with_a_tick_at_any_time(day: Published) -> Published:
    return _tick_report(day, instant=day.ticks[0].report.instant.replace(":00Z", ":01Z"))


def with_burnt_units_given_back(day: Published) -> Published:
    places = [msgspec.structs.replace(one, units=one.units + 1) for one in day.ticks[0].places]
    return _tick(day, places=places)


def with_a_place_left_out_of_the_tick(day: Published) -> Published:
    return _tick(day, places=day.ticks[0].places[1:])


def with_an_acceptance_of_something_else(day: Published) -> Published:
    first, second, *rest = day.acceptances
    swapped = [
        replace(first, acceptance=second.acceptance),
        replace(second, acceptance=first.acceptance),
    ]
    return replace(day, acceptances=[*swapped, *rest])


def with_a_roll_over_that_nobody_allowed(day: Published) -> Published:
    request = next(iter(day.unfilled))
    return replace(day, roll_overs=[RollOver(request, 0, "2027-01-01T00:00:00Z")])


def with_a_roll_over_of_what_was_assigned(day: Published) -> Published:
    request = day.assignments[0].body.request
    return replace(day, roll_overs=[RollOver(request, 0, "2027-01-01T00:00:00Z")])


def with_a_tick_s_assignment_kept_back(day: Published) -> Published:
    return _tick(day, assignments=day.ticks[0].assignments[1:])


def with_less_time_than_the_rule_gives(day: Published) -> Published:
    return _assignment(day, 0, accept_by=day.ticks[0].report.instant)


def with_another_outcome_of_the_tick(day: Published) -> Published:
    return _tick_report(day, outcome="A" * 43)


def with_other_inputs_of_the_tick(day: Published) -> Published:
    return _tick_report(day, inputs="A" * 43)


LIES: dict[Lie, str] = {
    without_an_acceptance_s_weight: ", accepted: ",
    with_a_vendor_robbed_of_its_time: ", due: ",
    with_a_decline_of_something_else: ", declined: ",
    with_a_tick_at_any_time: "at a multiple of",
    with_burnt_units_given_back: "tick 1, units",
    with_a_place_left_out_of_the_tick: "tick 1, places",
    with_an_acceptance_of_something_else: "acceptance of ",
    with_a_roll_over_that_nobody_allowed: "with leave",
    with_a_roll_over_of_what_was_assigned: "from unfilled",
    with_a_tick_s_assignment_kept_back: "requests decided",
    with_less_time_than_the_rule_gives: ", accept_by: ",
    with_another_outcome_of_the_tick: "tick 1, report, outcome",
    with_other_inputs_of_the_tick: "tick 1, report, inputs",
    without_one_fallback: "requests decided",
    with_a_fallback_to_another_brand: ", principal: ",
    with_a_dearer_fallback: ", amount: ",
    with_a_brand_that_was_forgotten: "items that requests name",
    with_a_brand_let_off_as_suspended: "to the principal",
    with_a_seller_that_no_brand_named: "to the principal",
    without_one_assignment: "requests decided",
    with_another_reason: "reason",
    with_an_invented_preference: "by the owner",
    with_a_favoured_vendor: ", vendor: ",
    with_a_seed_of_its_choice: "seed chain",
    with_a_flattered_distance: "distance of bid",
    with_one_unit_more: "report, inputs",
    with_a_better_band: "report, inputs",
    with_an_assignment_as_a_newcomer_s: ", newcomer: ",
    with_a_moved_place: "place shop",
    without_one_bid: "report, bids",
    with_a_bid_counted_twice: "only one",
    without_one_request: "on a request of the run",
    with_a_request_that_nobody_could_read: "public by the cutoff",
    with_a_request_that_was_withdrawn: "standing",
    with_another_rank: ", rank: ",
    with_another_price: ", amount: ",
    with_an_empty_reserve: "reserve",
    with_a_count_off_by_one: "report, assigned",
    with_another_outcome_digest: "report, outcome",
}


@pytest.mark.parametrize(
    ("lie", "fault"), LIES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_a_market_that_lies(published: Published, lie: Lie, fault: str) -> None:
    faults = check(lie(published)).faults
    assert any(fault in found for found in faults), faults


def test_the_command_line_tells_right_from_wrong(
    live: LiveMarket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = console.application("Check a run.")
    app.command()(referee)

    def judge(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["referee", "--market", live.url, *arguments])
        with pytest.raises(SystemExit) as caught:
            console.main(app, "referee")
        assert isinstance(caught.value.code, int)
        out = capsys.readouterr().out
        return caught.value.code, json.loads(out) if "--json" in arguments else out

    code, verdict = judge("--json")
    assert (code, verdict["verified"], verdict["faults"]) == (0, True, [])
    assert judge("--day", verdict["day"])[0] == 0
    assert judge("--day", "2020-01-01")[0] == 2
    with closing(sqlite3.connect(live.settings.home / "market.db")) as database:
        database.execute("DELETE FROM unfilled")
        database.commit()
    code, verdict = judge("--json")
    assert (code, verdict["verified"]) == (1, False)
    code, told = judge()
    assert code == 1
    assert "requests decided" in told


def _assignment(day: Published, at: int, **changes: Any) -> Published:
    signed = day.assignments[at]
    lie = Signed(msgspec.structs.replace(signed.body, **changes), signed.digest, signed.wire)
    return replace(day, assignments=[*day.assignments[:at], lie, *day.assignments[at + 1 :]])


def _tick(day: Published, **changes: Any) -> Published:
    return replace(day, ticks=[replace(day.ticks[0], **changes), *day.ticks[1:]])


def _tick_report(day: Published, **changes: Any) -> Published:
    return _tick(day, report=msgspec.structs.replace(day.ticks[0].report, **changes))


def _fallback(day: Published, **changes: Any) -> Published:
    signed = day.fallbacks[0]
    lie = Signed(msgspec.structs.replace(signed.body, **changes), signed.digest, signed.wire)
    return replace(day, fallbacks=[lie, *day.fallbacks[1:]])


def _report(day: Published, **changes: Any) -> Published:
    assert day.run.report is not None
    signed = day.run.report
    lie = Signed(msgspec.structs.replace(signed.body, **changes), signed.digest, signed.wire)
    return replace(day, run=replace(day.run, report=lie))
