"""The decision: whether to bid, and with which terms."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vrm.vendor.builders import desk, item, opening, profile, rule, some_digest
from vrm.client.vendor import place
from vrm.documents import AcceptedTerms, Area, AskingPrice, Need
from vrm.vendor.bidder import Commitment, NoOffer, Offer, decide, price_for
from vrm.vendor.stock import StockKey

STROLLER = Need(title="Twin stroller", category="baby")


def offered(decision: Offer | NoOffer) -> Offer:
    assert isinstance(decision, Offer), decision
    return decision


def obstacle(decision: Offer | NoOffer) -> str:
    assert isinstance(decision, NoOffer), decision
    assert decision.because
    return decision.obstacle


# --- what is recognised ---


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ({"title": "Pram", "gtin": "2000000100012"}, "bears GTIN 2000000100012"),
        ({"title": "Pram", "brand": "PRAMWELL", "model": "duo  2"}, "is PRAMWELL duo  2"),
        ({"title": "A new twin strollers"}, "has every word of the title (stroller, twin)"),
    ],
)
def test_an_article_is_recognised_and_the_way_is_told(facts: dict[str, Any], because: str) -> None:
    offer = offered(decide(opening(Need(category="baby", **facts)), desk(), {}))
    assert because in offer.because
    assert "249.00 USD is the list price" in offer.because


def test_a_gtin_of_twelve_digits_is_that_of_thirteen_with_a_zero() -> None:
    need = Need(title="x", category="baby", gtin="036000291452")
    assert offered(decide(opening(need), desk(item(gtin="0036000291452")), {}))


@pytest.mark.parametrize(
    "facts",
    [
        {"title": "Triple stroller"},
        {"title": "Twin stroller", "gtin": "0036000291452"},
        {"title": "Twin stroller", "brand": "Safebank"},
        {"title": "Twin stroller", "model": "Duo 3"},
        {"title": "Twin stroller", "condition": "used"},
        {"title": "Twin stroller", "unit": "kg"},
        {"title": "Twin stroller", "attributes": {"color": "red"}},
        {"title": "the new"},
    ],
)
def test_what_contradicts_the_need_is_another_thing(facts: dict[str, Any]) -> None:
    blue = item(attributes={"color": "blue"})
    assert obstacle(decide(opening(Need(category="baby", **facts)), desk(blue), {})) == "no-stock"


def test_the_same_words_in_another_category_are_another_thing() -> None:
    need = Need(title="Twin stroller", category="repair")
    assert obstacle(decide(opening(need), desk(), {})) == "no-stock"


def test_an_attribute_may_stand_in_the_title() -> None:
    need = Need(title="stroller", category="baby", attributes={"color": "Navy"})
    assert offered(decide(opening(need), desk(item(title="Twin stroller navy")), {}))


# --- what stands in the way ---


def test_a_fixed_price_is_taken_from_the_own_minimum_on() -> None:
    shop = desk(item(price=10000), by=rule(discount_percent=10))
    fixed = AskingPrice(kind="fixed", amount=9000, currency="USD")
    assert offered(decide(opening(price=fixed), shop, {})).amount == 9000
    under = AskingPrice(kind="fixed", amount=8999, currency="USD")
    assert obstacle(decide(opening(price=under), shop, {})) == "price"


def test_a_fixed_price_over_the_list_price_is_taken_as_it_is() -> None:
    fixed = AskingPrice(kind="fixed", amount=30000, currency="USD")
    assert offered(decide(opening(price=fixed), desk(), {})).amount == 30000


def test_terms_that_the_vendor_does_not_accept_stop_it() -> None:
    shop = desk(by=rule(terms=("PDC-OTHER",)))
    assert obstacle(decide(opening(), shop, {})) == "terms"


def test_a_text_of_terms_that_was_swapped_stops_it() -> None:
    swapped = AcceptedTerms(id="PDC-INTENT", digest=some_digest("X"))
    assert obstacle(decide(opening(terms=swapped), desk(), {})) == "terms"


def test_a_text_that_the_market_swapped_in_its_roster_stops_it() -> None:
    """The vendor accepted a text, not the name that it goes by."""
    shop = replace(desk(), agreed={"PDC-INTENT": some_digest("O")})
    refused = decide(opening(), shop, {})
    assert obstacle(refused) == "terms"
    assert isinstance(refused, NoOffer)
    assert "register again" in refused.because


def test_a_delivery_way_must_suit_both() -> None:
    assert obstacle(decide(opening(delivery=("on-site",)), desk(), {})) == "delivery"
    pickup_only = desk(of=profile(delivery=("pickup",)))
    assert obstacle(decide(opening(delivery=("ship",)), pickup_only, {})) == "delivery"


def test_pickup_is_bound_by_the_customers_radius_and_shipping_by_the_places_reach() -> None:
    far = place("far", "Far Road", lat=42.05, lng=-87.65, reach_km=30, capacity=5)
    near = Area(cell=opening().request.area.cell, radius_m=5_000)
    shop = desk(of=profile(places=(far,)))
    assert obstacle(decide(opening(area=near, delivery=("pickup",)), shop, {})) == "too-far"
    assert offered(decide(opening(area=near, delivery=("ship",)), shop, {})).delivery == "ship"
    short = desk(of=profile(places=(far,)), by=rule(max_distance_km=10))
    assert obstacle(decide(opening(area=near, delivery=("ship",)), short, {})) == "too-far"


def test_the_nearest_place_with_the_article_serves() -> None:
    home = place("home", "Home", lat=41.95, lng=-87.65, reach_km=30, capacity=5)
    far = place("far", "Far Road", lat=42.0, lng=-87.65, reach_km=30, capacity=5)
    shop = profile(places=(far, home))
    assert offered(decide(opening(), desk(of=shop), {})).place.id == "home"
    only_far = desk(item(place="far"), of=shop)
    assert offered(decide(opening(), only_far, {})).place.id == "far"
    assert obstacle(decide(opening(), desk(item(place="gone"), of=shop), {})) == "no-stock"


def test_needed_by_counts_from_the_run_and_the_lead_time() -> None:
    in_time = opening(needed_by="2026-11-22T18:00:00Z")
    assert offered(decide(in_time, desk(), {}))
    too_late = opening(needed_by="2026-11-22T17:45:00Z")
    assert obstacle(decide(too_late, desk(), {})) == "too-late"


# --- units ---


def test_stock_in_open_bids_is_not_promised_again() -> None:
    key = StockKey("DUO", "")
    assert offered(decide(opening(), desk(), {key: Commitment(open=1)}))
    assert obstacle(decide(opening(), desk(), {key: Commitment(open=2)})) == "sold-out"
    twice = desk(by=rule(overcommit_percent=200))
    assert offered(decide(opening(), twice, {key: Commitment(open=3)}))
    assert obstacle(decide(opening(), twice, {key: Commitment(open=3, won=1)})) == "sold-out"


def test_the_whole_quantity_must_be_there() -> None:
    three = Need(title="Twin stroller", category="baby", quantity=3)
    assert obstacle(decide(opening(three), desk(), {})) == "sold-out"
    assert offered(decide(opening(three, price=_ceiling(90000)), desk(item(quantity=3)), {}))


@given(
    quantity=st.integers(0, 50),
    percent=st.integers(1, 500),
    wants=st.lists(st.integers(1, 9), max_size=40),
    won=st.integers(0, 60),
)
def test_no_unit_is_ever_promised_beyond_overcommit(
    quantity: int, percent: int, wants: list[int], won: int
) -> None:
    row, by = item(quantity=quantity, price=1), rule(overcommit_percent=percent)
    shop = desk(row, by=by)
    held = Commitment(open=0, won=won)
    for want in wants:
        need = Need(title="Twin stroller", category="baby", quantity=want)
        if isinstance(decide(opening(need), shop, {row.key: held}), Offer):
            held = Commitment(held.open + want, won)
    assert held.open <= max(0, quantity - won) * percent // 100


# --- prices ---


def _ceiling(amount: int) -> AskingPrice:
    return AskingPrice(kind="ceiling", amount=amount, currency="USD")


def test_an_undercut_is_taken_from_the_ceiling_and_stops_at_the_minimum() -> None:
    by = rule(strategy="undercut", undercut_percent=5, margin_percent=20)
    shop = desk(item(price=20000, cost=10000), by=by)
    assert offered(decide(opening(price=_ceiling(15000)), shop, {})).amount == 14250
    assert offered(decide(opening(price=_ceiling(12100)), shop, {})).amount == 12000
    assert offered(decide(opening(price=_ceiling(90000)), shop, {})).amount == 20000
    assert obstacle(decide(opening(price=_ceiling(11999)), shop, {})) == "price"


def test_delivery_is_part_of_the_price_and_itemised() -> None:
    shop = desk(by=rule(delivery=("ship",), delivery_charge={"ship": 590}))
    offer = offered(decide(opening(price=_ceiling(30000)), shop, {}))
    price = offer.price("USD")
    assert price.amount == 25490
    assert price.parts
    assert [part.amount for part in price.parts] == [24900, 590]


def test_the_cheaper_way_goes_out_then_the_preferred_one() -> None:
    charged = desk(by=rule(delivery_charge={"ship": 590}))
    assert offered(decide(opening(price=_ceiling(30000)), charged, {})).delivery == "pickup"
    assert offered(decide(opening(), desk(), {})).delivery == "ship"


def test_an_order_under_the_smallest_is_not_worth_while() -> None:
    shop = desk(item(price=500), by=rule(minimum_amount=1500))
    assert obstacle(decide(opening(price=_ceiling(1499)), shop, {})) == "price"
    assert offered(decide(opening(price=_ceiling(2000)), shop, {})).amount == 1500


@given(
    kind=st.sampled_from(["fixed", "ceiling"]),
    asking=st.integers(1, 10**6),
    listed=st.integers(1, 10**6),
    least=st.integers(1, 10**6),
    percent=st.integers(0, 100),
    strategy=st.sampled_from(["list", "undercut"]),
)
def test_a_price_lies_between_minimum_and_what_is_asked(
    *, kind: Any, asking: int, listed: int, least: int, percent: int, strategy: Any
) -> None:
    by = rule(strategy=strategy, undercut_percent=percent)
    price = price_for(AskingPrice(kind=kind, amount=asking, currency="USD"), listed, least, by)
    if price is None:
        assert asking < least
    else:
        assert least <= price <= asking
        assert kind == "ceiling" or price == asking
        assert kind == "fixed" or price <= max(listed, least)
