"""What the resolver is measured against: the same rules by other means.

`naive` is the textbook loop over plain Python values, `library` hands its orders to the PyPI
package `matching`. Both leave hashing to real ties, as the resolver does, so that the comparison
is of matching and not of SHA-256.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from heapq import heappush, heapreplace
from typing import Any

from matching.games import HospitalResident

from marketplace.resolver import STRUCK_OUT, UNLISTED, Flaw, Market, Policy, Way
from marketplace.resolver.ids import raw_ids


@dataclass
class Plain:
    """A market's columns as lists of Python values."""

    requests: dict[str, list[Any]]
    places: dict[str, list[Any]]
    bids: dict[str, list[Any]]
    first: list[int]
    seed: bytes


def plain(market: Market) -> Plain:
    def lists(table: object, names: str) -> dict[str, list[Any]]:
        return {name: getattr(table, name).tolist() for name in names.split()}

    requests = lists(market.requests, "policy price fixed currency terms ways radius_m only_listed")
    requests["id"] = raw_ids(market.requests.id).view("V32").ravel().tolist()
    return Plain(
        requests,
        lists(market.places, "did capacity band reach_m admitted"),
        lists(market.bids, "request place price distance_m currency terms way flaws listed"),
        market.first_bid.tolist(),
        market.seed,
    )


def naive_orders(market: Plain) -> list[list[int]]:
    """Each request's eligible bids in its order."""
    requests, places, bids = market.requests, market.places, market.bids
    place_of, price_of, distance_of = bids["place"], bids["price"], bids["distance_m"]
    band_of, orders = places["band"], []
    for request in range(len(requests["id"])):
        policy = requests["policy"][request]
        keys = {}
        for bid in range(market.first[request], market.first[request + 1]):
            if not _is_eligible(market, request, bid):
                continue
            band, price, distance = -band_of[place_of[bid]], price_of[bid], distance_of[bid]
            if policy == Policy.BEST_NEARBY:
                figures = (band, distance // 1000, price)
            elif policy == Policy.BEST_VALUE:
                figures = (band, price, distance)
            elif policy == Policy.NEAREST:
                figures = (distance, band, price)
            else:
                figures = (price, band, distance)
            keys[bid] = (bids["listed"][bid], *figures)
        order = sorted(keys, key=keys.__getitem__)
        if len(set(keys.values())) < len(keys):
            order.sort(key=lambda bid: (keys[bid], _draw(market, bid)))
        orders.append(order)
    return orders


def _is_eligible(market: Plain, request: int, bid: int) -> bool:
    requests, places, bids = market.requests, market.places, market.bids
    place, price, listed = bids["place"][bid], bids["price"][bid], bids["listed"][bid]
    way, limit = bids["way"][bid], requests["price"][request]
    reach = requests["radius_m"][request] if way == Way.PICKUP else places["reach_m"][place]
    alternative = bids["flaws"][bid] == Flaw.ALTERNATIVE
    return (
        bids["flaws"][bid] in {0, Flaw.ALTERNATIVE}
        and places["admitted"][place]
        and bids["currency"][bid] == requests["currency"][request]
        and bids["terms"][bid] == requests["terms"][request]
        and (price == limit if requests["fixed"][request] else price <= limit)
        and way & requests["ways"][request]
        and bids["distance_m"][bid] <= reach
        and listed != STRUCK_OUT
        and not (listed == UNLISTED and (alternative or requests["only_listed"][request]))
    )


def _draw(market: Plain, bid: int) -> bytes:
    request, place = market.bids["request"][bid], market.bids["place"][bid]
    did = market.places["did"][place]
    return sha256(market.seed + market.requests["id"][request] + did).digest()


def naive_match(market: Plain, orders: list[list[int]]) -> list[int]:
    """Each request's bid, or -1: deferred acceptance, one proposal at a time."""
    place_of, distance_of = market.bids["place"], market.bids["distance_m"]
    capacity, request_of = market.places["capacity"], market.bids["request"]
    # Heaps with the worst on top: farther first, then the later draw.
    held: list[list[tuple[int, int, int]]] = [[] for _ in capacity]
    matched, proposal = [-1] * len(orders), [0] * len(orders)
    free = deque(request for request, order in enumerate(orders) if order)
    while free:
        request = free.popleft()
        order = orders[request]
        while proposal[request] < len(order):
            bid = order[proposal[request]]
            proposal[request] += 1
            place, distance = place_of[bid], distance_of[bid]
            heap = held[place]
            if len(heap) == capacity[place] and (not heap or distance > -heap[0][0]):
                continue
            entry = (-distance, -int.from_bytes(_draw(market, bid)), bid)
            if len(heap) < capacity[place]:
                heappush(heap, entry)
                matched[request] = bid
                break
            if entry > heap[0]:
                loser = request_of[heapreplace(heap, entry)[2]]
                matched[request], matched[loser] = bid, -1
                free.append(loser)
                break
    return matched


def library(market: Plain, orders: list[list[int]]) -> list[int]:
    """Each request's bid, or -1, by `matching.games.HospitalResident`.

    The library deep-copies its players, who all know each other, and so recurses as deep as the
    market is large: it gets a thread with a stack for that.
    """
    limit, size = sys.getrecursionlimit(), threading.stack_size(1 << 30)
    sys.setrecursionlimit(10_000_000)
    try:
        with ThreadPoolExecutor(1) as deep:
            return deep.submit(_library, market, orders).result()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)


def _library(market: Plain, orders: list[list[int]]) -> list[int]:
    place_of, capacity = market.bids["place"], market.places["capacity"]
    open_orders = [[bid for bid in order if capacity[place_of[bid]]] for order in orders]
    suitors: dict[int, list[int]] = {}
    for order in open_orders:
        for bid in order:
            suitors.setdefault(place_of[bid], []).append(bid)
    for bids in suitors.values():
        bids.sort(key=lambda bid: (market.bids["distance_m"][bid], _draw(market, bid)))
    # The library tells players apart by name, and wants the two sides' names distinct.
    game = HospitalResident.create_from_dictionaries(
        {
            f"r{n}": [f"p{place_of[b]}" for b in order]
            for n, order in enumerate(open_orders)
            if order
        },
        {f"p{p}": [f"r{market.bids['request'][b]}" for b in bids] for p, bids in suitors.items()},
        {f"p{place}": capacity[place] for place in suitors},
    )
    matched = [-1] * len(orders)
    for hospital, residents in game.solve(optimal="resident").items():
        place = int(hospital.name[1:])
        for resident in residents:
            request = int(resident.name[1:])
            matched[request] = next(b for b in orders[request] if place_of[b] == place)
    return matched
