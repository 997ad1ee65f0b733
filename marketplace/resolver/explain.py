"""Why a request went where it went, on demand, for one request at a time.

Nothing is stored for it: the order, the figures and the fill of every place are in the market
and its outcome, and each reason is looked up there again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from .eligibility import Refusal, refusals
from .ids import raw_ids
from .market import Market, block
from .orders import BAND, DISTANCE, POLICIES, PRICE, WHOLE_KM, order_of
from .resolve import Outcome, Status
from .tables import UNLISTED, Policy


class Verdict(Enum):
    """What became of one bid."""

    ASSIGNED = "assigned"
    PLACE_FULL = "place-full"
    RESERVE = "reserve"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Considered:
    """One bid on the request and what became of it."""

    bid: int
    """Row of the market's bids."""
    vendor: str
    place: str
    listed: int | None
    """Position, from 0, in the customer's Preference."""
    leads: bool
    """It leads, as a newcomer's."""
    band: int
    price: int
    distance_m: int
    verdict: Verdict
    refusal: Refusal
    capacity: int
    """Units that the place had."""
    farthest_m: int
    """Distance of the farthest request that the place was assigned; -1 for none."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One request's bids, eligible ones first, in the request's order."""

    request: bytes
    policy: Policy
    status: Status
    rank: int
    """Where in `bids` the assigned one stands, from 0; -1 if unfilled."""
    eligible: int
    """How many of `bids` are eligible."""
    bids: tuple[Considered, ...]


def explain(market: Market, outcome: Outcome, request: int) -> Explanation:
    """Explain what became of the request in row `request`."""
    rank = int(outcome.rank[request])
    bids, eligible = order_of(market, request, outcome.orders.leading)
    leads = np.isin(bids, outcome.orders.leading).tolist()
    reasons = refusals(block(market, request, request + 1))
    considered = []
    for position, bid in enumerate(bids.tolist()):
        place, listed = market.bids.place[bid], int(market.bids.listed[bid])
        considered.append(
            Considered(
                bid=bid,
                vendor=market.places.did[place].decode(),
                place=market.places.place[place].decode(),
                listed=listed if 0 <= listed < UNLISTED else None,
                leads=leads[position],
                band=int(market.places.band[place]),
                price=int(market.bids.price[bid]),
                distance_m=int(market.bids.distance_m[bid]),
                verdict=_verdict(position, rank, eligible),
                refusal=Refusal(reasons[bid - market.first_bid[request]]),
                capacity=int(market.places.capacity[place]),
                farthest_m=int(outcome.farthest_m[place]),
            )
        )
    return Explanation(
        request=raw_ids(market.requests.id[request : request + 1]).tobytes(),
        policy=Policy(market.requests.policy[request]),
        status=Status(outcome.status[request]),
        rank=rank,
        eligible=eligible,
        bids=tuple(considered),
    )


def _verdict(position: int, rank: int, eligible: int) -> Verdict:
    if position >= eligible:
        return Verdict.REFUSED
    if position == rank:
        return Verdict.ASSIGNED
    # Stability: whatever the request likes better than what it got is at a full place.
    return Verdict.PLACE_FULL if rank < 0 or position < rank else Verdict.RESERVE


def decisive(policy: Policy, better: Considered, worse: Considered) -> str:
    """The first thing in which two eligible bids on a request differ.

    One of `preference`, `newcomer`, `band`, `price`, `distance` and, if they are equal in all, `draw`.
    """
    if better.listed != worse.listed:
        return "preference"
    if better.leads != worse.leads:
        return "newcomer"
    unit = 1000 if policy == WHOLE_KM else 1
    figures = {
        BAND: ("band", better.band != worse.band),
        PRICE: ("price", better.price != worse.price),
        DISTANCE: ("distance", better.distance_m // unit != worse.distance_m // unit),
    }
    compared = [figures[figure] for figure in POLICIES[policy]]
    return next((name for name, differ in compared if differ), "draw")
