"""The resolver's rules once more, as plainly as they can be said, over plain rows.

Shares no code with `marketplace.resolver` but the rows: it filters with `if`, orders with tuples,
enumerates every matching, keeps the stable ones and picks the one that is best for every request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product

from marketplace.resolver import STRUCK_OUT, UNLISTED, BidRow, Flaw, PlaceRow, RequestRow

Key = tuple[str, str]
Matching = dict[bytes, BidRow | None]


@dataclass(frozen=True)
class Rows:
    requests: Sequence[RequestRow]
    places: Sequence[PlaceRow]
    bids: Sequence[BidRow]
    seed: bytes
    newcomer_share: int = 0

    def place(self, bid: BidRow) -> PlaceRow:
        return next(p for p in self.places if (p.did, p.place) == (bid.did, bid.place))

    def draw(self, bid: BidRow) -> bytes:
        return sha256(self.seed + bid.request + bid.did.encode()).digest()


def is_eligible(rows: Rows, request: RequestRow, bid: BidRow) -> bool:
    place = rows.place(bid)
    listed = bid.listed not in {UNLISTED, STRUCK_OUT}
    needs_listing = request.only_listed or bid.flaws & Flaw.ALTERNATIVE
    return (
        not bid.flaws & (Flaw.LATE | Flaw.WITHDRAWN | Flaw.UNAUTHORISED | Flaw.DECLINED)
        and place.admitted
        and bid.terms == request.terms
        and bid.currency == request.currency
        and (bid.price == request.price if request.fixed else bid.price <= request.price)
        and bid.way in request.ways
        and bid.distance_m <= (request.radius_m if bid.way == "pickup" else place.reach_m)
        and bid.listed != STRUCK_OUT
        and (listed or not needs_listing)
    )


def tries_newcomers(rows: Rows, request: RequestRow) -> bool:
    drawn = int.from_bytes(sha256(rows.seed + request.id).digest()[:8], "big")
    return request.tries_newcomers and 1000 * drawn < rows.newcomer_share * 2**64


def leads(rows: Rows, bid: BidRow) -> bool:
    """Whether a bid is among the first of its vendor's that may lead, by their draws."""
    may_lead = []
    for request in rows.requests:
        if tries_newcomers(rows, request):
            indifferent = replace(request, only_listed=False)
            may_lead += [
                other
                for other in rows.bids
                if (other.request, other.did) == (request.id, bid.did)
                and not other.flaws & Flaw.ALTERNATIVE
                and is_eligible(rows, indifferent, replace(other, listed=UNLISTED))
            ]
    may_lead.sort(key=rows.draw)
    return bid in may_lead[: rows.place(bid).leads]


def choices(rows: Rows, request: RequestRow) -> list[BidRow]:
    """The request's eligible bids in its order."""

    def key(bid: BidRow) -> tuple[object, ...]:
        band, km = -rows.place(bid).band, bid.distance_m // 1000
        figures = {
            "best-nearby": (band, km, bid.price),
            "best-value": (band, bid.price, bid.distance_m),
            "nearest": (bid.distance_m, band, bid.price),
            "lowest-price": (bid.price, band, bid.distance_m),
        }
        listed = (0, bid.listed) if bid.listed != UNLISTED else (1, not leads(rows, bid))
        return (*listed, *figures[request.policy], rows.draw(bid))

    mine = [bid for bid in rows.bids if bid.request == request.id]
    return sorted((bid for bid in mine if is_eligible(rows, request, bid)), key=key)


def nearness(rows: Rows, bid: BidRow) -> tuple[int, bytes]:
    """Where a bid's request stands in the order of the bid's place."""
    return bid.distance_m, rows.draw(bid)


def load(matching: Matching) -> dict[Key, list[BidRow]]:
    held: dict[Key, list[BidRow]] = {}
    for bid in matching.values():
        if bid is not None:
            held.setdefault((bid.did, bid.place), []).append(bid)
    return held


def blocking_pairs(rows: Rows, matching: Matching) -> list[BidRow]:
    """Bids that both the request and the place would rather have than what they got."""
    held = load(matching)
    blocking = []
    for request in rows.requests:
        for bid in choices(rows, request):
            if bid is matching[request.id]:
                break
            place = rows.place(bid)
            others = held.get((bid.did, bid.place), [])
            has_room = len(others) < place.capacity
            if has_room or any(nearness(rows, bid) < nearness(rows, other) for other in others):
                blocking.append(bid)
    return blocking


def keeps_capacity(rows: Rows, matching: Matching) -> bool:
    held = load(matching)
    return all(len(held.get((p.did, p.place), ())) <= p.capacity for p in rows.places)


def stable_matchings(rows: Rows) -> Iterator[Matching]:
    options = [[*choices(rows, request), None] for request in rows.requests]
    for picks in product(*options):
        matching = {request.id: bid for request, bid in zip(rows.requests, picks, strict=True)}
        if keeps_capacity(rows, matching) and not blocking_pairs(rows, matching):
            yield matching


def best_for_customers(rows: Rows) -> Matching:
    """The stable matching that no request would trade for another stable one."""
    stable = list(stable_matchings(rows))

    def rank(request: RequestRow, matching: Matching) -> int:
        bid = matching[request.id]
        order = choices(rows, request)
        return len(order) if bid is None else order.index(bid)

    best = min(stable, key=lambda matching: sum(rank(r, matching) for r in rows.requests))
    assert all(rank(r, best) <= rank(r, other) for other in stable for r in rows.requests)
    return best
