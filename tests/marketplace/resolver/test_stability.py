"""The outcome is the stable matching that is best for every customer."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.resolver import (
    Outcome,
    Status,
    awards,
    market_from_rows,
    resolve,
)
from marketplace.resolver.matching import match
from marketplace.resolver.orders import order_bids
from tests.marketplace.resolver.oracle import (
    Matching,
    Rows,
    best_for_customers,
    blocking_pairs,
    choices,
    keeps_capacity,
)
from tests.marketplace.resolver.strategies import market_of, market_rows

T = TypeVar("T")


def matched(rows: Rows) -> Matching:
    by_name = {(bid.request, bid.did): bid for bid in rows.bids}
    market = market_of(rows)
    return {
        award.request: by_name[award.request, award.vendor] if award.vendor else None
        for award in awards(market, resolve(market))
    }


@settings(max_examples=300, deadline=None)
@given(market_rows())
def test_equals_the_best_of_all_stable_matchings(rows: Rows) -> None:
    assert matched(rows) == best_for_customers(rows)


@settings(max_examples=100, deadline=None)
@given(market_rows(most_requests=25, most_vendors=8))
def test_no_blocking_pair_and_no_place_over_capacity(rows: Rows) -> None:
    matching = matched(rows)
    assert blocking_pairs(rows, matching) == []
    assert keeps_capacity(rows, matching)


@settings(max_examples=100, deadline=None)
@given(market_rows(most_requests=8))
def test_rank_reserve_and_status_follow_from_the_order(rows: Rows) -> None:
    market = market_of(rows)
    for award in awards(market, resolve(market), depth=99):
        request = next(r for r in rows.requests if r.id == award.request)
        order = [bid.did for bid in choices(rows, request)]
        on_time = [b for b in rows.bids if b.request == request.id and not b.flaws & 3]
        if award.rank is not None:
            assert award.vendor == order[award.rank]
            assert list(award.reserve) == order[award.rank + 1 :]
            assert award.status == Status.ASSIGNED
        elif order:
            assert award.status == Status.CAPACITY
        else:
            assert award.status == (Status.NONE_ELIGIBLE if on_time else Status.NO_BIDS)


@settings(max_examples=100, deadline=None)
@given(market_rows(most_requests=8), st.randoms(use_true_random=False))
def test_order_of_arrival_changes_no_bit(rows: Rows, random: Random) -> None:
    def shuffled(items: Sequence[T]) -> list[T]:
        return random.sample(items, len(items))

    market = market_of(rows)
    again = market_from_rows(
        shuffled(rows.requests),
        shuffled(rows.places),
        shuffled(rows.bids),
        rows.seed,
        rows.newcomer_share,
    )
    assert same_bits(resolve(market), resolve(again))


@settings(max_examples=50, deadline=None)
@given(market_rows(most_requests=12, most_vendors=6), st.integers(1, 20))
def test_block_size_changes_no_bit(rows: Rows, block_bids: int) -> None:
    market = market_of(rows)
    whole, parts = order_bids(market), order_bids(market, block_bids)
    for orders in (whole, parts):
        orders.draw_from(market, np.arange(len(orders.bids)))
    assert whole.bids.tobytes() == parts.bids.tobytes()
    assert match(market, whole).tobytes() == match(market, parts).tobytes()


def same_bits(one: Outcome, other: Outcome) -> bool:
    names = [name for name in one.__slots__ if name != "orders"]
    return all(getattr(one, n).tobytes() == getattr(other, n).tobytes() for n in names)
