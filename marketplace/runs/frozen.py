"""A frozen day as columns: what a run decides from, in the resolver's order and in that of the digests' text.

The database orders by the digests' text, the resolver by the bytes that it stands for; base64url orders them
differently. Lists, awards and the digests of a run follow the text; a *row* is always the resolver's.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.resolver import UNLISTED, Bids, Market, Places, Requests
from marketplace.resolver.tables import I32, I64, U8, Strings
from marketplace.rowbytes import Column, as_bytes
from marketplace.runs.items import FrozenItems, mark_unauthorised
from marketplace.runs.rules import FrozenPlace

Block = NDArray[np.void]


@dataclass(frozen=True, eq=False)
class FrozenDay:
    """A run, the market that the resolver takes, and the names of its rows."""

    run: Any
    """The run's row, or whatever else knows the run's ``seed``."""
    matching: Market
    places: Sequence[FrozenPlace]
    """By vendor and place, as in the market."""
    requests: Strings
    """The requests' digests, in order of their text."""
    row_of: I32
    """The row of each of `requests`."""
    bids: Strings
    """The bids' digests, in order of (request, vendor), all as text."""
    bid_at: I32
    """Where each row of the market's bids stands in `bids`."""
    items: FrozenItems
    preferences: list[tuple[str, str]] = field(default_factory=list)
    """Requests with the digests of the Preferences that count, in order; see `preferring`."""

    def find(self, request: str) -> int | None:
        """The row of a request; none if the run did not freeze it."""
        digest = request.encode()
        at = int(np.searchsorted(self.requests, np.bytes_(digest)))
        is_there = at < len(self.requests) and self.requests[at] == digest
        return int(self.row_of[at]) if is_there else None

    def bid(self, row: int) -> str:
        """The digest of a bid."""
        return str(self.bids[self.bid_at[row]].decode())


class DayPart:
    """Some of a day's requests, and a collector of the bids on them, which come in order of (request, vendor).

    Args:
        requests: by digest, in columns; a block of bids names a bid's request by its number in the day.
    """

    def __init__(self, requests: Block) -> None:
        self.requests = requests
        self._numbers = np.ascontiguousarray(requests["number"])
        self._parts: list[tuple[Any, ...]] = []
        self.count = np.zeros(len(requests), dtype=np.int64)
        """How many bids each request has."""

    def add(self, block: Block) -> None:
        """Take the next bids.

        Raises:
            ValueError: a bid is on a request that is not frozen.
        """
        if not len(block):
            return
        numbers = np.ascontiguousarray(block["request"])
        new = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
        starts = np.concatenate([[0], new])
        first = numbers.take(starts)
        at = np.searchsorted(self._numbers, first)
        if (at >= len(self._numbers)).any() or (self._numbers.take(at) != first).any():
            raise ValueError("a bid is on a request that is not frozen")
        self.count[at] += np.diff(starts, append=len(numbers))
        self._parts.append(
            (
                block["place"].copy(),
                block["amount"].copy(),
                block["distance_m"].astype(np.int32),
                block["way"].astype(np.uint8),
                block["digest"].copy(),
            )
        )

    def take_bids(self) -> list[tuple[Any, ...]]:
        """Hand over place's number, amount, distance, way and digest of the bids, block by block."""
        parts, self._parts = self._parts, []
        return parts


def arranged_day(
    run: Any,
    parts: Sequence[DayPart],
    places: Sequence[FrozenPlace],
    place_of: I32,
    items: FrozenItems,
) -> FrozenDay:
    """Put a day's columns, which come in order of the text, into the resolver's order.

    Args:
        parts: the day, in order of the requests' digests.
        place_of: which of the places a place's number means, or -1.

    Raises:
        ValueError: a bid is of a place that is not frozen.
    """
    requests = np.concatenate([part.requests for part in parts])
    count = np.concatenate([part.count for part in parts])
    digests = np.ascontiguousarray(requests["digest"])
    ids = raw_ids(digests)
    order = _order(ids)
    row_of = np.empty(len(order), dtype=np.int32)
    row_of[order] = np.arange(len(order), dtype=np.int32)
    number, amount, distance, way, names = _bids(parts)
    place = place_of.take(number)
    if (place < 0).any():
        raise ValueError("a bid is of a place that is not frozen")
    count_of = count.take(order)
    bid_at = _spans((np.cumsum(count) - count).take(order), count_of)
    listed = requests[order]
    same = np.zeros(
        1, dtype=np.uint16
    )  # intake stores a bid only in its request's currency and terms
    market = Market(
        Requests(
            id=ids[order],
            policy=listed["policy"].astype(np.uint8),
            price=np.ascontiguousarray(listed["amount"]),
            fixed=listed["fixed"].astype(np.bool_),
            currency=np.broadcast_to(same, len(order)),
            terms=np.broadcast_to(same, len(order)),
            ways=listed["ways"].astype(np.uint8),
            radius_m=listed["radius_m"].astype(np.int32),
            only_listed=np.zeros(len(order), dtype=np.bool_),
        ),
        _places(places),
        Bids(
            request=np.repeat(np.arange(len(order), dtype=np.int32), count_of),
            place=place.take(bid_at),
            price=amount.take(bid_at),
            distance_m=distance.take(bid_at),
            currency=np.broadcast_to(same, len(bid_at)),
            terms=np.broadcast_to(same, len(bid_at)),
            way=way.take(bid_at),
            flaws=np.zeros(len(bid_at), dtype=np.uint8),
            listed=np.full(len(bid_at), UNLISTED, dtype=np.int16),
        ),
        base64.urlsafe_b64decode(run.seed + "="),
    )
    mark_unauthorised(market, row_of.take(np.searchsorted(digests, items.requests)), items)
    return FrozenDay(run, market, places, digests, row_of, names, bid_at, items)


def _bids(parts: Sequence[DayPart]) -> Iterator[Column]:
    """Place's number, amount, distance, way and digest of all bids."""
    blocks = [block for part in parts for block in part.take_bids()]
    for at, kind in enumerate(("i4", "i8", "i4", "u1", "S43")):
        columns = [block[at] for block in blocks]
        yield np.concatenate(columns) if columns else np.empty(0, dtype=kind)


def raw_ids(digests: Strings) -> U8:
    """(n, 32): the bytes that digests stand for."""
    # With an A behind it, each is a whole number of groups; the byte too many falls off.
    text = np.empty((len(digests), 44), dtype=np.uint8)
    text[:, :43] = as_bytes(digests)
    text[:, 43] = ord("A")
    raw = np.frombuffer(base64.urlsafe_b64decode(text.tobytes()), dtype=np.uint8)
    return np.ascontiguousarray(raw.reshape(-1, 33)[:, :32])


def _places(places: Sequence[FrozenPlace]) -> Places:
    return Places(
        did=np.array([place.vendor.encode() for place in places], dtype=np.bytes_),
        place=np.array([place.place.encode() for place in places], dtype=np.bytes_),
        capacity=np.array([place.units for place in places], dtype=np.int32),
        band=np.array([place.band for place in places], dtype=np.uint8),
        reach_m=np.array([place.reach_m for place in places], dtype=np.int32),
        admitted=np.array([not place.suspended for place in places], dtype=np.bool_),
    )


def _prefixes(texts: Strings) -> NDArray[np.uint64]:
    """The first eight bytes of texts as numbers, which are in the same order."""
    return np.ascontiguousarray(as_bytes(texts)[:, :8]).view(">u8").ravel().astype(np.uint64)


def _order(ids: U8) -> I64:
    """The order of 32-byte ids."""
    keys = _prefixes(ids.view("S32").ravel())
    order = np.argsort(keys)
    ordered = keys[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(ids.view("S32").ravel())
    return order


def _spans(first: I64, count: I64) -> I32:
    """`count[i]` numbers from `first[i]` upwards, for each i in turn."""
    skipped = np.cumsum(count) - count
    found = np.repeat((first - skipped).astype(np.int32), count)
    found += np.arange(len(found), dtype=np.int32)
    return found
