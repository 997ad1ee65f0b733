"""A frozen day between the database's rows and the resolver's columns."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from marketplace.db import AnyRow
from marketplace.resolver import (
    BidRow,
    Outcome,
    PlaceRow,
    RequestRow,
    Status,
    market_from_rows,
    reserves,
)
from marketplace.resolver import Market as Matching
from marketplace.runs.rules import FrozenPlace

RESERVE_DEPTH = 5
"""How many ranked runners-up an assignment names."""


@dataclass(frozen=True)
class FrozenDay:
    """What a run decides from: its row, its requests, the live bids on them, the places that bid."""

    run: AnyRow
    requests: Sequence[AnyRow]
    bids: Sequence[AnyRow]
    places: Sequence[FrozenPlace]

    def matching(self) -> Matching:
        """The day as the resolver takes it."""
        terms = {row.digest: row for row in self.requests}
        return market_from_rows(
            [_request_row(row) for row in self.requests],
            [_place_row(place) for place in self.places],
            [
                BidRow(
                    request=raw_digest(bid.request),
                    did=bid.vendor,
                    place=bid.place,
                    price=bid.amount,
                    # Intake stores a bid only in its request's currency and under its terms.
                    currency=terms[bid.request].currency,
                    terms=terms[bid.request].terms,
                    way=bid.delivery,
                    distance_m=bid.distance_m,
                )
                for bid in self.bids
            ],
            raw_digest(self.run.seed),
        )

    @cached_property
    def bid_of(self) -> dict[tuple[str, str], AnyRow]:
        """The bids by request and vendor."""
        return {(bid.request, bid.vendor): bid for bid in self.bids}

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Where each request stands in the resolver's order, which is that of the raw digests."""
        raw = sorted(raw_digest(row.digest) for row in self.requests)
        return {digest_text(value): number for number, value in enumerate(raw)}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run decided for one request."""

    request: AnyRow
    status: Status
    bid: AnyRow | None
    rank: int
    """From 1; 0 when unfilled."""
    eligible: int
    band: int
    reserve: tuple[str, ...]


def decisions(frozen: FrozenDay, matching: Matching, outcome: Outcome) -> list[Decision]:
    """Read a resolver's outcome back, one decision per request in order of digests."""
    runners_up = reserves(matching, outcome, RESERVE_DEPTH)

    def bid_at(request: str, row: int) -> AnyRow:
        vendor = matching.places.did[matching.bids.place[row]].decode()
        return frozen.bid_of[request, vendor]

    found = []
    for request in frozen.requests:
        at = frozen.row_of[request.digest]
        row = int(outcome.bid[at])
        reserve = [int(value) for value in runners_up[at] if value >= 0]
        found.append(
            Decision(
                request=request,
                status=Status(outcome.status[at]),
                bid=bid_at(request.digest, row) if row >= 0 else None,
                rank=int(outcome.rank[at]) + 1,
                eligible=int(outcome.eligible[at]),
                band=int(matching.places.band[matching.bids.place[row]]) if row >= 0 else 0,
                reserve=tuple(bid_at(request.digest, value).digest for value in reserve),
            )
        )
    return found


def raw_digest(text: str) -> bytes:
    """The 32 bytes of a digest or a seed."""
    return base64.urlsafe_b64decode(text + "=")


def digest_text(raw: bytes) -> str:
    """The base64url form of 32 bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _request_row(row: AnyRow) -> RequestRow:
    ways = (("ship", row.ships), ("pickup", row.picked_up), ("on-site", row.on_site))
    return RequestRow(
        id=raw_digest(row.digest),
        policy=row.policy,
        price=row.amount,
        fixed=row.price_kind == "fixed",
        currency=row.currency,
        terms=row.terms,
        ways=tuple(way for way, taken in ways if taken),
        radius_m=row.radius_m,
    )


def _place_row(place: FrozenPlace) -> PlaceRow:
    return PlaceRow(
        did=place.vendor,
        place=place.place,
        capacity=place.units,
        band=place.band,
        reach_m=place.reach_m,
        admitted=not place.suspended,
    )
