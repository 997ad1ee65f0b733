"""What became of one vendor's bids on a day, and why, out of the day as it was checked."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from marketplace.resolver import Considered, Explanation, Verdict, explain
from marketplace.verify.checking import Verified
from marketplace.verify.day import found_in, joined
from marketplace.verify.documents import ASSIGNMENT, DISPLACED


class OwnBid(msgspec.Struct, frozen=True, kw_only=True):
    """A bid of the vendor that was live at the close."""

    request: str
    bid: str
    outcome: str
    """``assigned``, ``place-full``, ``reserve``, or the reason why it was not eligible."""
    rank: int | None
    """Its place in the request's order, 1 is the best; null where it was not eligible."""
    eligible: int
    why: str
    """A sentence."""
    ticks: list[str]
    """What later ticks did: ``1: assigned``, ``2: declined``, ``2: timed-out``."""


class Expected(msgspec.Struct, frozen=True):
    """A bid that a vendor holds a receipt for."""

    bid: str
    request: str


def own_bids(verified: Verified, vendor: str) -> list[OwnBid]:
    """The vendor's bids, by request."""
    market, frozen = verified.frozen.matching, verified.frozen
    places = np.flatnonzero(market.places.did == vendor.encode())
    rows = np.flatnonzero(np.isin(market.bids.place, places))
    later = _ticks(verified, vendor)
    found = []
    for row in rows.tolist():
        request = int(market.bids.request[row])
        told = explain(market, verified.outcome, request)
        own = next(bid for bid in told.bids if bid.bid == row)
        at = told.bids.index(own)
        eligible = own.verdict is not Verdict.REFUSED
        name = frozen.bid(row)
        found.append(
            OwnBid(
                request=frozen.requests[request].decode(),
                bid=name,
                outcome=own.verdict.value if eligible else _slug(own),
                rank=at + 1 if eligible else None,
                eligible=told.eligible,
                why=_why(told, own, at),
                ticks=later.get(name, []),
            )
        )
    return found


def missing(verified: Verified, expected: Sequence[Expected]) -> list[Expected]:
    """The bids on the day's requests that are not among the day's."""
    frozen = verified.frozen
    held = np.sort(frozen.bids)
    requests = np.array([one.request.encode() for one in expected], dtype="S43")
    bids = np.array([one.bid.encode() for one in expected], dtype="S43")
    _, taken = found_in(frozen.requests, requests)
    _, there = found_in(held, bids)
    return [one for one, gone in zip(expected, (taken & ~there).tolist(), strict=True) if gone]


def _ticks(verified: Verified, vendor: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    own: Any
    for number, wave in enumerate(verified.day.waves):
        if not number:
            continue
        lost = joined(wave.displaced, DISPLACED)
        for own in lost[lost["vendor"] == vendor.encode()]:
            what = "declined" if own["digest"] else "timed-out"
            found.setdefault(own["bid"].decode(), []).append(f"{number}: {what}")
        given = joined(wave.assignments, ASSIGNMENT)
        for own in given[given["vendor"] == vendor.encode()]:
            found.setdefault(own["bid"].decode(), []).append(f"{number}: assigned")
    return found


def _why(told: Explanation, own: Considered, at: int) -> str:
    choice = f"choice {at + 1} of {told.eligible}"
    if own.verdict is Verdict.ASSIGNED:
        return f"It was {choice}."
    if own.verdict is Verdict.PLACE_FULL:
        units = f"all {own.capacity} units" if own.capacity != 1 else "the one unit"
        return (
            f"It was {choice}, but {units} of the place went to nearer requests, the farthest of them at "
            f"{own.farthest_m} m; this one is at {own.distance_m} m."
        )
    if own.verdict is Verdict.RESERVE:
        return f"It was {choice}; choice {told.rank + 1} got the request."
    return f"It was not eligible: {_slug(own)}."


def _slug(own: Considered) -> str:
    return own.refusal.name.lower().replace("_", "-")
