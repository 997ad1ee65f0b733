"""Newcomers' bids go first where a request tries newcomers, and no farther than their quota."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.resolver import (
    STRUCK_OUT,
    UNLISTED,
    Award,
    RequestRow,
    awards,
    market_from_rows,
    resolve,
    sentences,
)
from tests.marketplace.resolver.oracle import Rows, choices, leads
from tests.marketplace.resolver.scene import REQUEST, SEED, bid, day, explained, shop
from tests.marketplace.resolver.strategies import market_of, market_rows

TRYING = replace(REQUEST, tries_newcomers=True)
NEW = shop("new", band=3, leads=5)
KNOWN = shop("known", band=18, capacity=9)
MANY = [replace(TRYING, id=bytes([number]) * 32) for number in range(40)]


def given_to(*requests: RequestRow, share: int = 1000, quota: int = 5) -> list[Award]:
    """What becomes of requests that a newcomer and somebody well known bid on."""
    newcomer = replace(NEW, leads=quota, capacity=99)
    known = replace(KNOWN, capacity=99)
    bids = [bid(name, request) for request in requests for name in ("new", "known")]
    market = market_from_rows(requests, [newcomer, known], bids, SEED, share)
    return awards(market, resolve(market))


def led(found: list[Award]) -> int:
    return sum(one.vendor == NEW.did for one in found)


def test_a_newcomer_leads_where_the_request_is_drawn_and_allows_it() -> None:
    assert led(given_to(TRYING)) == 1
    assert led(given_to(TRYING, share=0)) == 0
    assert led(given_to(REQUEST)) == 0
    drawn = [
        request
        for request in MANY
        if int.from_bytes(sha256(SEED + request.id).digest()[:8], "big") / 2**64 < 0.2
    ]
    won = {one.request for one in given_to(*MANY, share=200, quota=99) if one.vendor == NEW.did}
    assert won == {request.id for request in drawn}


def test_a_newcomer_that_bids_on_everything_leads_no_farther_than_its_quota() -> None:
    assert [led(given_to(*MANY, quota=quota)) for quota in (0, 1, 7, 99)] == [0, 1, 7, 40]


def test_the_customers_own_order_goes_before_newcomers() -> None:
    bids = [bid("new", TRYING), bid("known", TRYING, listed=0)]
    market = market_from_rows([TRYING], [NEW, KNOWN], bids, SEED, 1000)
    assert awards(market, resolve(market))[0].vendor == KNOWN.did


def test_explanation_says_that_a_newcomer_went_first() -> None:
    bids = [bid("new", TRYING), bid("known", TRYING)]
    market = market_from_rows([TRYING], [NEW, KNOWN], bids, SEED, 1000)
    said = sentences(explained(market, TRYING), name=lambda one: one.vendor[-5:])
    assert said[0].endswith("choice 1 of 2, as a newcomer, which goes first on this request.")
    assert said[1].endswith("the request tries newcomers, and a newcomer's bid goes before it.")


@settings(max_examples=100, deadline=None)
@given(market_rows(most_requests=12, most_vendors=4))
def test_led_assignments_stay_within_the_quota(rows: Rows) -> None:
    market = market_of(rows)
    outcome = resolve(market)
    places = market.bids.place[outcome.bid[outcome.led]]
    for place in rows.places:
        of_vendor = market.places.did[places] == place.did.encode()
        assert of_vendor.sum() <= place.leads


def misstated(rows: Rows, liar: RequestRow, data: st.DataObject) -> Rows:
    """The same day with another Preference on one request."""
    own = [one for one in rows.bids if one.request == liar.id]
    order = data.draw(st.permutations(range(len(own))))
    positions = {
        one.did: data.draw(st.sampled_from([UNLISTED, STRUCK_OUT, place]))
        for one, place in zip(own, order, strict=True)
    }
    lie = replace(liar, only_listed=data.draw(st.booleans()))
    return replace(
        rows,
        requests=[lie if one is liar else one for one in rows.requests],
        bids=[
            replace(one, listed=positions[one.did]) if one.request == liar.id else one
            for one in rows.bids
        ],
    )


@settings(max_examples=200, deadline=None)
@given(market_rows(most_requests=6), st.data())
def test_a_customer_that_misstates_its_order_gains_nothing(rows: Rows, data: st.DataObject) -> None:
    liar = data.draw(st.sampled_from(rows.requests))
    wanted = [one.did for one in choices(rows, liar)]

    def liked(played: Rows) -> int:
        market = market_of(played)
        found = awards(market, resolve(market))
        vendor = next(one.vendor for one in found if one.request == liar.id)
        return wanted.index(vendor) if vendor in wanted else len(wanted)

    assert liked(rows) <= liked(misstated(rows, liar, data))


@settings(max_examples=100, deadline=None)
@given(market_rows(most_requests=6), st.data())
def test_a_customer_that_misstates_its_order_moves_nobodys_lead(
    rows: Rows, data: st.DataObject
) -> None:
    liar = data.draw(st.sampled_from(rows.requests))
    told = misstated(rows, liar, data)
    for one, other in zip(rows.bids, told.bids, strict=True):
        if one.request != liar.id:
            assert leads(rows, one) == leads(told, other)
    market, again = market_of(rows), market_of(told)
    is_others = market.requests.id[market.bids.request] != _name(liar)

    def others(found: list[int]) -> list[int]:
        return [row for row in found if is_others[row]]

    assert others(resolve(market).orders.leading.tolist()) == others(
        resolve(again).orders.leading.tolist()
    )


def _name(request: RequestRow) -> bytes:
    return bytes(day([request], [], []).requests.id[0])


def test_places_of_a_vendor_with_other_quotas_are_refused() -> None:
    with pytest.raises(ValueError, match="leads"):
        day([], [shop("a", leads=1), shop("a", place="warehouse", leads=2)], [])


def test_share_beyond_all_is_refused() -> None:
    with pytest.raises(ValueError, match="thousandths"):
        market_from_rows([], [], [], SEED, 1001)
