"""Agreement with other people's software, and with a plain loop, on hundreds of requests."""

from __future__ import annotations

import pytest

from benchmarks._market_day import market_day
from benchmarks._resolver_peers import library, naive_match, naive_orders, plain
from marketplace.resolver import resolve


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_library_matching_and_a_plain_loop(seed: int) -> None:
    market = market_day(requests=500, seed=seed)
    rows = plain(market)
    orders = naive_orders(rows)
    assert resolve(market).bid.tolist() == naive_match(rows, orders) == library(rows, orders)
