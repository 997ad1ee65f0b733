"""Small markets in which ties, full places and refusals are common."""

from __future__ import annotations

from hypothesis import strategies as st

from marketplace.resolver import (
    STRUCK_OUT,
    UNLISTED,
    BidRow,
    Flaw,
    Market,
    PlaceRow,
    RequestRow,
    market_from_rows,
)
from tests.marketplace.resolver.oracle import Rows

POLICIES = ["best-nearby", "best-value", "nearest", "lowest-price"]
WAYS = ["ship", "pickup", "on-site"]
HUGE = 2**53 - 1

seeds = st.binary(min_size=32, max_size=32)
prices = st.sampled_from([90, 100, 100, 100, 110, HUGE])
distances = st.sampled_from([0, 400, 1500, 1500, 1999, 2000, 9000, 20_000_000])
mostly_fine = st.sampled_from([Flaw(0)] * 12 + list(Flaw))


def market_of(rows: Rows) -> Market:
    """The market that the resolver takes."""
    return market_from_rows(rows.requests, rows.places, rows.bids, rows.seed, rows.newcomer_share)


@st.composite
def market_rows(draw: st.DrawFn, most_requests: int = 4, most_vendors: int = 4) -> Rows:
    ids = draw(st.lists(seeds, min_size=1, max_size=most_requests, unique=True))
    requests = [
        RequestRow(
            id=request_id,
            policy=draw(st.sampled_from(POLICIES)),
            price=draw(st.sampled_from([100, 100, 110, HUGE])),
            fixed=draw(st.sampled_from([False, False, True])),
            currency=draw(st.sampled_from(["EUR"] * 7 + ["USD"])),
            terms="PDC-INTENT",
            ways=draw(st.lists(st.sampled_from(WAYS), min_size=1, unique=True)),
            radius_m=draw(st.sampled_from([1500, 10_000, 30_000_000])),
            only_listed=draw(st.sampled_from([False, False, False, True])),
            tries_newcomers=draw(st.booleans()),
        )
        for request_id in ids
    ]
    places = [
        PlaceRow(
            did=f"did:key:z{vendor}",
            place=f"p{number}",
            capacity=draw(st.integers(0, 2)),
            band=band,
            reach_m=draw(st.sampled_from([1500, 30_000_000])),
            admitted=draw(st.sampled_from([True] * 7 + [False])),
            leads=leads,
        )
        for vendor in range(draw(st.integers(1, most_vendors)))
        for band, leads in [draw(st.sampled_from([(3, 0), (14, 0), (3, 1), (14, 0), (3, 2)]))]
        for number in range(draw(st.integers(1, 2)))
    ]
    vendors = {place.did: [p for p in places if p.did == place.did] for place in places}
    bids = []
    for request in requests:
        positions = draw(st.permutations(range(len(vendors))))
        for position, (did, own) in zip(positions, vendors.items(), strict=True):
            if not draw(st.sampled_from([True, True, True, False])):
                continue
            bids.append(
                BidRow(
                    request=request.id,
                    did=did,
                    place=draw(st.sampled_from(own)).place,
                    price=request.price if request.fixed else draw(prices),
                    currency="EUR",
                    terms=draw(st.sampled_from(["PDC-INTENT"] * 7 + ["other"])),
                    way=draw(st.sampled_from([*request.ways, *request.ways, "ship"])),
                    distance_m=draw(distances),
                    listed=draw(st.sampled_from([UNLISTED, UNLISTED, position, STRUCK_OUT])),
                    flaws=draw(mostly_fine),
                )
            )
    share = draw(st.sampled_from([0, 0, 500, 1000]))
    return Rows(requests, places, bids, draw(seeds), share)
