"""Explanations say what decided, and in words that a customer reads."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from marketplace.resolver import (
    BidRow,
    PlaceRow,
    RequestRow,
    Status,
    Verdict,
    explain,
    resolve,
    sentences,
)
from marketplace.resolver.ids import raw_ids
from tests.marketplace.resolver.oracle import Rows, choices
from tests.marketplace.resolver.scene import REQUEST, bid, day, explained, shop
from tests.marketplace.resolver.strategies import market_of, market_rows

NEIGHBOUR = replace(REQUEST, id=b"n" * 32)


def told(bids: list[BidRow], *places: PlaceRow, requests: list[RequestRow]) -> list[str]:
    market = day(requests, list(places), bids)
    return sentences(explained(market), name=lambda b: b.vendor[-1], money=lambda m: f"{m / 100}")


def test_full_place_names_its_units_and_the_farthest_of_the_nearer_requests() -> None:
    bids = [bid("a"), bid("b", price=260_00 // 2), bid("a", NEIGHBOUR, distance_m=1200)]
    lines = told(bids, shop("a", band=18), shop("b"), requests=[REQUEST, NEIGHBOUR])
    assert lines == [
        "b (band 14, 3.0 km, 130.0) got the request: choice 2 of 2, by the policy best-value.",
        "a (band 18, 3.0 km, 250.0) was choice 1, but its one unit went to nearer requests, the "
        "farthest of them at 1.2 km.",
    ]


def test_equal_distance_is_said_to_be_drawn() -> None:
    bids = [bid("a"), bid("a", NEIGHBOUR)]
    market = day([REQUEST, NEIGHBOUR], [shop("a")], bids)
    loser = REQUEST if explained(market).status == Status.CAPACITY else NEIGHBOUR
    assert "draw" in sentences(explained(market, loser))[1]


def test_next_in_line_names_what_decided() -> None:
    dear = replace(REQUEST, price=300_00)

    def second(first: BidRow, other: BidRow, band: int = 14) -> str:
        return told([first, other], shop("a"), shop("b", band=band), requests=[dear])[1]

    assert "lower band" in second(bid("a"), bid("b"), band=13)
    assert "price is higher" in second(bid("a"), bid("b", price=250_01))
    assert "farther" in second(bid("a"), bid("b", distance_m=3001))
    assert "draw" in second(bid("a"), bid("b"))
    assert "preference" in second(bid("a", listed=0), bid("b", price=1))


def test_nobody_is_told_why() -> None:
    assert told([], requests=[REQUEST]) == ["Nobody got the request: no vendor bid in time."]
    refused = told([bid("a", way="on-site")], shop("a"), requests=[REQUEST])
    assert refused[1].endswith("was not eligible: its way of delivery was not asked for.")
    full = told([bid("a")], shop("a", capacity=0), requests=[REQUEST])
    assert full[1].endswith("was choice 1, but it had no units left.")


@settings(max_examples=100, deadline=None)
@given(market_rows(most_requests=8))
def test_explanations_agree_with_the_oracles_order(rows: Rows) -> None:
    market = market_of(rows)
    outcome = resolve(market)
    for row, raw in enumerate(raw_ids(market.requests.id)):
        request = next(r for r in rows.requests if r.id == raw.tobytes())
        explanation = explain(market, outcome, row)
        eligible = explanation.bids[: explanation.eligible]
        assert [one.vendor for one in eligible] == [b.did for b in choices(rows, request)]
        for one in explanation.bids:
            if one.verdict is Verdict.PLACE_FULL:
                assert one.capacity == 0 or one.farthest_m >= 0
                assert one.farthest_m <= one.distance_m
        assert sentences(explanation)
