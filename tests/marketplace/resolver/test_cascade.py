"""A tick of the cascade is the same matching over what came free."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.resolver import Flaw, awards, resolve, tick
from marketplace.resolver.ids import raw_ids
from tests.marketplace.resolver.oracle import Rows, best_for_customers
from tests.marketplace.resolver.strategies import market_of, market_rows


@settings(max_examples=100, deadline=None)
@given(market_rows(), st.randoms(use_true_random=False))
def test_tick_equals_the_oracle_on_what_is_left(rows: Rows, random: Random) -> None:
    market = market_of(rows)
    outcome = resolve(market)
    assigned = np.flatnonzero(outcome.bid >= 0).tolist()
    displaced = random.sample(assigned, (len(assigned) + 1) // 2)
    declined = outcome.bid[displaced]
    left = market.places.capacity - outcome.taken  # a declined unit is burnt: not given back

    leads = market.places.leads // 2  # as if other runs had used up the rest
    part, rows_of_day = tick(market, np.array(displaced, dtype=int), declined, left, leads)
    backwards, _ = tick(market, np.array(displaced[::-1], dtype=int), declined[::-1], left, leads)
    second = resolve(part)
    assert second.bid.tobytes() == resolve(backwards).bid.tobytes()
    assert not set(rows_of_day[second.bid[second.bid >= 0]].tolist()) & set(declined.tolist())

    place_left = {
        (did.decode(), place.decode()): int(units)
        for did, place, units in zip(market.places.did, market.places.place, left, strict=True)
    }
    displaced_ids = {row.tobytes() for row in raw_ids(market.requests.id[displaced])}
    lost = {
        (award.request, award.vendor)
        for award in awards(market, outcome)
        if award.request in displaced_ids
    }
    remaining = Rows(
        [request for request in rows.requests if request.id in displaced_ids],
        [
            replace(
                place,
                capacity=place_left[place.did, place.place],
                leads=place.leads // 2,
            )
            for place in rows.places
        ],
        [
            replace(bid, flaws=Flaw.DECLINED) if (bid.request, bid.did) in lost else bid
            for bid in rows.bids
            if bid.request in displaced_ids
        ],
        rows.seed,
        rows.newcomer_share,
    )
    expected = {
        request: bid.did if bid else None for request, bid in best_for_customers(remaining).items()
    }
    assert {award.request: award.vendor for award in awards(part, second)} == expected
