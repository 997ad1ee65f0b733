"""A frozen day as columns: what a run decides from, in the resolver's order (requests by the digests' text)."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.resolver import UNLISTED, Bids, Market, Places, Requests
from marketplace.resolver.tables import Strings
from marketplace.rowbytes import Column
from marketplace.runs.items import FrozenItems, mark_unauthorised
from marketplace.runs.rules import FrozenPlace


@dataclass(frozen=True, eq=False)
class FrozenDay:
    """A run, the market that the resolver takes, and the names of its rows."""

    run: Any
    """The run's row, or whatever else knows the run's ``seed`` and ``newcomer_share``."""
    matching: Market
    places: Sequence[FrozenPlace]
    """By vendor and place, as in the market."""
    bids: Strings
    """The digests of the market's bids."""
    items: FrozenItems
    preferences: list[tuple[str, str]] = field(default_factory=list)
    """Requests with the digests of the Preferences that count, in order; see `preferring`."""

    @property
    def requests(self) -> Strings:
        """The digests of the market's requests."""
        return self.matching.requests.id

    def find(self, request: str) -> int | None:
        """The row of a request; none if the run did not freeze it."""
        digest = request.encode()
        at = int(np.searchsorted(self.requests, np.bytes_(digest)))
        return at if at < len(self.requests) and self.requests[at] == digest else None

    def bid(self, row: int) -> str:
        """The digest of a bid."""
        return str(self.bids[row].decode())


def arranged_day(
    run: Any,
    requests: Mapping[str, Column] | NDArray[np.void],
    bids: Mapping[str, Column],
    places: Sequence[FrozenPlace],
    items: FrozenItems,
) -> FrozenDay:
    """Make a market of a day's columns.

    Args:
        requests: by digest.
        bids: by their requests' digests and by vendor, as a `Numbering` arranges them.
    """
    count, n = len(requests["digest"]), len(bids["request"])
    same = np.zeros(
        1, dtype=np.uint16
    )  # intake takes a bid only in its request's currency and terms
    market = Market(
        Requests(
            id=np.ascontiguousarray(requests["digest"]),
            policy=requests["policy"].astype(np.uint8),
            price=np.ascontiguousarray(requests["amount"]),
            fixed=requests["fixed"].astype(np.bool_),
            currency=np.broadcast_to(same, count),
            terms=np.broadcast_to(same, count),
            ways=requests["ways"].astype(np.uint8),
            radius_m=requests["radius_m"].astype(np.int32),
            only_listed=np.zeros(count, dtype=np.bool_),
            tries_newcomers=requests["tries_newcomers"].astype(np.bool_),
        ),
        _places(places),
        Bids(
            request=bids["request"],
            place=bids["place"],
            price=bids["amount"],
            distance_m=bids["distance_m"],
            currency=np.broadcast_to(same, n),
            terms=np.broadcast_to(same, n),
            way=bids["way"],
            flaws=np.zeros(n, dtype=np.uint8),
            listed=np.full(n, UNLISTED, dtype=np.int16),
        ),
        base64.urlsafe_b64decode(run.seed + "="),
        run.newcomer_share,
    )
    mark_unauthorised(market, items)
    return FrozenDay(run, market, places, bids["digest"], items)


def _places(places: Sequence[FrozenPlace]) -> Places:
    return Places(
        did=np.array([place.vendor.encode() for place in places], dtype=np.bytes_),
        place=np.array([place.place.encode() for place in places], dtype=np.bytes_),
        capacity=np.array([place.units for place in places], dtype=np.int32),
        band=np.array([place.band for place in places], dtype=np.uint8),
        reach_m=np.array([place.reach_m for place in places], dtype=np.int32),
        admitted=np.array([not place.suspended for place in places], dtype=np.bool_),
        leads=np.array([place.leads for place in places], dtype=np.int32),
    )
