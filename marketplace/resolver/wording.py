"""An explanation in plain English."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .eligibility import Refusal
from .explain import Considered, Explanation, Verdict, decisive
from .resolve import Status
from .tables import label

REFUSED: Final = {
    Refusal.LATE: "it came after the close",
    Refusal.WITHDRAWN: "it was withdrawn",
    Refusal.DECLINED: "the vendor had this request already and did not take it",
    Refusal.NOT_ADMITTED: "the vendor is not admitted or is suspended",
    Refusal.UNAUTHORISED: "the vendor may not sell this item",
    Refusal.CURRENCY: "it is in another currency",
    Refusal.TERMS: "it does not accept the customer's terms",
    Refusal.PRICE: "its price is not what was asked",
    Refusal.WAY: "its way of delivery was not asked for",
    Refusal.RADIUS: "it is farther than the customer goes for a pickup",
    Refusal.REACH: "the place does not deliver so far",
    Refusal.STRUCK_OUT: "the customer struck it out",
    Refusal.ALTERNATIVE: "it offers something else, which the customer did not list",
    Refusal.NOT_LISTED: "the customer accepts listed bids only",
}
"""How each refusal reads behind "not eligible:"."""

DECISIVE: Final = {
    "preference": "the customer's preference put it behind",
    "newcomer": "the request tries newcomers, and a newcomer's bid goes before it",
    "band": "its reputation is in a lower band",
    "price": "its price is higher",
    "distance": "it is farther away",
    "draw": "it is equal in all figures, and the day's draw put it behind",
}

LED: Final = "as a newcomer, which goes first on this request"
"""What decided where the winning bid leads."""

OWN_ORDER: Final = "by the customer's own order"
"""What decided where the customer's Preference lists the winning bid."""

UNFILLED: Final = {
    Status.NO_BIDS: "Nobody got the request: no vendor bid in time.",
    Status.NONE_ELIGIBLE: "Nobody got the request: none of the bids on it is eligible.",
    Status.CAPACITY: "Nobody got the request: every place with an eligible bid was full.",
}


def sentences(
    explanation: Explanation,
    name: Callable[[Considered], str] = lambda bid: bid.vendor,
    money: Callable[[int], str] = str,
) -> list[str]:
    """The outcome, then each bid that was liked better, the next in line, and each refusal.

    `name` and `money` say how a bid's vendor and an amount of minor units read.
    """

    def figures(bid: Considered) -> str:
        return f"{name(bid)} (band {bid.band}, {bid.distance_m / 1000:.1f} km, {money(bid.price)})"

    said: list[str] = []
    behind = iter(bid for bid in explanation.bids if bid.verdict is Verdict.RESERVE)
    for position, bid in enumerate(explanation.bids, start=1):
        match bid.verdict:
            case Verdict.ASSIGNED:
                bar = f"choice {position} of {explanation.eligible}"
                way = OWN_ORDER if bid.listed is not None else _by(explanation, bid)
                said.insert(0, f"{figures(bid)} got the request: {bar}, {way}.")
                if runner_up := next(behind, None):
                    because = DECISIVE[decisive(explanation.policy, bid, runner_up)]
                    said.append(f"Next in line is {figures(runner_up)}: {because}.")
            case Verdict.PLACE_FULL:
                said.append(f"{figures(bid)} was choice {position}, but {_full(bid)}.")
            case Verdict.REFUSED:
                said.append(f"{figures(bid)} was not eligible: {REFUSED[bid.refusal]}.")
    if explanation.status != Status.ASSIGNED:
        said.insert(0, UNFILLED[explanation.status])
    return said


def _by(explanation: Explanation, bid: Considered) -> str:
    return LED if bid.leads else f"by the policy {label(explanation.policy)}"


def _full(bid: Considered) -> str:
    if bid.capacity == 0:
        return "it had no units left"
    filled = "its one unit" if bid.capacity == 1 else f"all its {bid.capacity} units"
    if bid.farthest_m == bid.distance_m:
        return f"{filled} went to requests as near or nearer, and the day's draw chose among equals"
    return (
        f"{filled} went to nearer requests, the farthest of them at {bid.farthest_m / 1000:.1f} km"
    )
