"""What a market refuses to be built from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks._market_day import market_day
from marketplace.resolver import Bids, Market, Places, Requests, arranged, resolve
from marketplace.resolver.ids import text_ids
from marketplace.resolver.tables import dtypes
from tests.marketplace.resolver.scene import REQUEST, bid, day, shop

MARKET = market_day(requests=50, seed=3)


def rebuilt(**bids: object) -> Market:
    columns: Bids = replace(MARKET.bids, **bids)  # type: ignore[arg-type]
    return Market(MARKET.requests, MARKET.places, columns, MARKET.seed)


def test_two_bids_of_one_vendor_on_one_request_are_refused() -> None:
    places = [shop("a"), shop("a", place="warehouse")]
    with pytest.raises(ValueError, match="one per vendor"):
        day([REQUEST], places, [bid("a"), bid("a", place="warehouse")])


def test_same_request_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="order of their ids"):
        day([REQUEST, REQUEST], [], [])


def test_same_place_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="order of"):
        day([REQUEST], [shop("a"), shop("a")], [])


def test_columns_in_order_of_arrival_are_refused_until_arranged() -> None:
    shuffle = np.random.default_rng(5).permutation(len(MARKET.bids.price))
    columns = {name: getattr(MARKET.bids, name)[shuffle] for name in MARKET.bids.__slots__}
    with pytest.raises(ValueError, match="not in order"):
        Market(MARKET.requests, MARKET.places, Bids(**columns), MARKET.seed)

    again, rows = arranged(MARKET.requests, MARKET.places, Bids(**columns), MARKET.seed)
    assert shuffle[rows].tolist() == list(range(len(shuffle)))
    assert resolve(again).bid.tolist() == resolve(MARKET).bid.tolist()


def test_bid_on_a_request_that_is_not_there_is_refused() -> None:
    request = MARKET.bids.request.copy()
    request[-1] = 50
    with pytest.raises(ValueError, match="request that does not exist"):
        rebuilt(request=request)


def test_bid_from_a_place_that_is_not_there_is_refused() -> None:
    place = MARKET.bids.place.copy()
    place[-1] = -1
    with pytest.raises(ValueError, match="place that does not exist"):
        rebuilt(place=place)


def test_negative_price_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        rebuilt(price=-MARKET.bids.price)


def test_preference_position_below_struck_out_is_refused() -> None:
    with pytest.raises(ValueError, match="STRUCK_OUT"):
        rebuilt(listed=np.full_like(MARKET.bids.listed, -2))


def test_floats_are_refused() -> None:
    with pytest.raises(ValueError, match="price is of type float64"):
        rebuilt(price=MARKET.bids.price.astype(np.float64))


def test_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        rebuilt(price=MARKET.bids.price[:-1])


def test_short_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Market(MARKET.requests, MARKET.places, MARKET.bids, b"")


def test_ids_that_would_run_into_each_other_are_refused() -> None:
    shifted = [replace(REQUEST, id=b"a" * 31), replace(REQUEST, id=b"b" * 33)]
    with pytest.raises(ValueError, match="32 bytes"):
        day(shifted, [], [])


def test_row_with_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="did:key:zb"):
        day([REQUEST], [shop("a")], [bid("b")])
    with pytest.raises(ValueError, match="worst-first"):
        day([replace(REQUEST, policy="worst-first")], [], [])


def test_day_without_requests_resolves() -> None:
    outcome = resolve(day([], [shop("a")], []))
    assert outcome.bid.tolist() == []
    assert outcome.taken.tolist() == [0]


def test_market_whose_keys_exceed_64_bits_is_refused() -> None:
    requests, places = 1 << 16, 1 << 17
    ids = np.zeros((requests, 32), dtype=np.uint8)
    ids[:, :2] = np.arange(requests, dtype=">u2").view(np.uint8).reshape(-1, 2)
    columns: dict[str, Any] = {
        name: np.zeros(requests, dtype) for name, dtype in dtypes(Requests).items()
    }
    sparse = Market(
        Requests(**columns | {"id": np.sort(text_ids(ids))}),
        Places(
            did=np.array([f"did:{number:06d}" for number in range(places)], dtype="S"),
            place=np.full(places, b"shop"),
            capacity=np.ones(places, dtype=np.int32),
            band=np.zeros(places, dtype=np.uint8),
            reach_m=np.zeros(places, dtype=np.int32),
            admitted=np.ones(places, dtype=np.bool_),
            leads=np.zeros(places, dtype=np.int32),
        ),
        Bids(**{name: np.zeros(1, dtype) for name, dtype in dtypes(Bids).items()}),
        MARKET.seed,
    )
    sparse.bids.distance_m[0] = np.iinfo(np.int32).max
    with pytest.raises(ValueError, match="too large"):
        resolve(sparse)
