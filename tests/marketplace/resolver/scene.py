"""A small scene that tests of single rules vary: one request, and shops near it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from marketplace.resolver import (
    BidRow,
    Explanation,
    Market,
    Outcome,
    PlaceRow,
    RequestRow,
    explain,
    market_from_rows,
    resolve,
)
from marketplace.resolver.ids import raw_ids

SEED = b"s" * 32

REQUEST = RequestRow(
    id=b"r" * 32,
    policy="best-value",
    price=250_00,
    fixed=False,
    currency="EUR",
    terms="PDC-INTENT",
    ways=("pickup", "ship"),
    radius_m=15_000,
)


def shop(name: str, **changes: Any) -> PlaceRow:
    place = PlaceRow(did=f"did:key:z{name}", place="shop", capacity=1, band=14, reach_m=20_000)
    return replace(place, **changes)


def bid(name: str, request: RequestRow = REQUEST, **changes: Any) -> BidRow:
    row = BidRow(
        request=request.id,
        did=f"did:key:z{name}",
        place="shop",
        price=request.price,
        currency="EUR",
        terms="PDC-INTENT",
        way="pickup",
        distance_m=3000,
    )
    return replace(row, **changes)


def day(requests: list[RequestRow], places: list[PlaceRow], bids: list[BidRow]) -> Market:
    return market_from_rows(requests, places, bids, SEED)


def explained(market: Market, request: RequestRow = REQUEST) -> Explanation:
    outcome: Outcome = resolve(market)
    ids = [row.tobytes() for row in raw_ids(market.requests.id)]
    return explain(market, outcome, ids.index(request.id))
