"""A made-up market day for measuring the resolver: places on a map, and nearby bids on requests.

There is one place for every ten requests, each with a vendor of its own. Every request has ten
bids, from ten of the places around it, at some kilometres' distance. A quarter of the requests
follow each policy; those by `best-nearby` name a fixed price, as is the default. Bands cluster
above the middle; radius, ways of delivery and terms differ from request to request, so that some
bids are refused. Total capacity is 1.2 times the requests, unevenly spread.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from marketplace.resolver.ids import text_ids
from marketplace.resolver.market import Market
from marketplace.resolver.tables import UNLISTED, Bids, Places, Policy, Requests, Way

BIDS_PER_REQUEST = 10
REQUESTS_PER_PLACE = 10
CAPACITY_SHARE = 1.2
PLACES_PER_KM2 = 0.15
WAYS = np.array([Way.SHIP, Way.PICKUP] + [Way.SHIP | Way.PICKUP] * 8, dtype=np.uint8)
RADII_M = np.array([10_000, 15_000, 25_000], dtype=np.int32)
NEWCOMERS = 0.05
NEWCOMER_SHARE = 100
QUOTA = 10
NEIGHBOURS = 40
"""A request's bids come from ten of so many places near it."""


def market_day(requests: int, seed: int = 1) -> Market:
    """A day of `requests` requests in canonical order."""
    random = np.random.default_rng(seed)
    places = max(requests // REQUESTS_PER_PLACE, NEIGHBOURS)
    side_m = int(1000 * np.sqrt(places / PLACES_PER_KM2))
    strip_m = int(1000 * np.sqrt(NEIGHBOURS / PLACES_PER_KM2))
    at = random.integers(0, side_m, (places, 2))
    # Canonical order is by did, and dids say nothing of where a vendor is: walk the map in
    # strips to find neighbours, then refer to places by a shuffled row.
    strip = at[:, 0] // strip_m
    walk = np.lexsort((np.where(strip % 2, at[:, 1], -at[:, 1]), strip))
    at = at[walk]
    row_of = random.permutation(places).astype(np.int32)

    middle = random.integers(0, places, requests)
    spot = at[middle] + random.integers(-2000, 2000, (requests, 2))
    request = np.repeat(np.arange(requests, dtype=np.int32), BIDS_PER_REQUEST)
    step = NEIGHBOURS // BIDS_PER_REQUEST
    offset = np.arange(0, NEIGHBOURS, step) + random.integers(0, step, (requests, BIDS_PER_REQUEST))
    start = np.clip(middle - NEIGHBOURS // 2, 0, places - NEIGHBOURS)
    near = (start[:, None] + offset).ravel()
    away = at[near] - np.repeat(spot, BIDS_PER_REQUEST, axis=0)
    distance = np.sqrt((away.astype(np.float64) ** 2).sum(axis=1)).astype(np.int32)
    place = row_of[near]
    order = np.argsort(request.astype(np.int64) * places + place)
    place, distance = place[order], distance[order]

    policy = (np.arange(requests) % len(Policy)).astype(np.uint8)
    price = random.integers(2_000, 100_000, requests)
    fixed = policy == Policy.BEST_NEARBY
    share = random.integers(60, 101, len(request))
    asked = np.repeat(price, BIDS_PER_REQUEST)
    terms = random.integers(0, 3, requests).astype(np.uint16)
    accepts = random.random(len(request)) > 0.01
    ids = np.sort(text_ids(np.frombuffer(random.bytes(32 * requests), np.uint8).reshape(-1, 32)))
    capacity = random.multinomial(
        int(CAPACITY_SHARE * requests), random.dirichlet(np.full(places, 3))
    )
    return Market(
        Requests(
            id=ids,
            policy=policy,
            price=price,
            fixed=fixed,
            currency=np.zeros(requests, dtype=np.uint16),
            terms=terms,
            ways=random.choice(WAYS, requests),
            radius_m=random.choice(RADII_M, requests),
            only_listed=np.zeros(requests, dtype=np.bool_),
            tries_newcomers=np.zeros(requests, dtype=np.bool_),
        ),
        Places(
            did=np.array([f"did:key:z6Mk{n:044d}" for n in range(places)], dtype="S"),
            place=np.full(places, b"shop"),
            capacity=capacity.astype(np.int32),
            band=random.binomial(20, 0.7, places).astype(np.uint8),
            reach_m=np.full(places, 25_000, dtype=np.int32),
            admitted=random.random(places) > 0.01,
            leads=np.zeros(places, dtype=np.int32),
        ),
        Bids(
            request=request,
            place=place,
            price=np.where(np.repeat(fixed, BIDS_PER_REQUEST), asked, asked * share // 100),
            distance_m=distance,
            currency=np.zeros(len(request), dtype=np.uint16),
            terms=np.where(accepts, np.repeat(terms, BIDS_PER_REQUEST), 9).astype(np.uint16),
            way=random.choice(WAYS[:2], len(request)),
            flaws=np.zeros(len(request), dtype=np.uint8),
            listed=np.full(len(request), UNLISTED, dtype=np.int16),
        ),
        seed=random.bytes(32),
    )


def with_newcomers(market: Market) -> Market:
    """The same day with all customers allowing newcomers, and one vendor in twenty being one."""
    random = np.random.default_rng(7)
    is_new = random.random(len(market.places.did)) < NEWCOMERS
    return replace(
        market,
        requests=replace(
            market.requests, tries_newcomers=np.ones(len(market.requests.id), dtype=np.bool_)
        ),
        places=replace(market.places, leads=np.where(is_new, QUOTA, 0).astype(np.int32)),
        newcomer_share=NEWCOMER_SHARE,
    )
