"""The day as the resolver takes it, and what the market's own decisions would be."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.resolver import STRUCK_OUT, Flaw, Market
from marketplace.resolver.eligibility import Refusal, refusals
from marketplace.resolver.market import block
from marketplace.resolver.tables import I16, Strings
from marketplace.runs.frozen import FrozenDay, arranged_day
from marketplace.runs.items import FrozenItems
from marketplace.runs.numbering import Numbering, rows_of
from marketplace.runs.rules import FrozenPlace
from marketplace.verify.day import BidTable, Day, codes_of, found_in, joined
from marketplace.verify.documents import NAMED, PREFERENCE
from marketplace.verify.findings import BundleFault
from vrm.documents.place import EARTH_RADIUS_M

BLOCK = 1 << 16

Degrees = NDArray[Any]

REFUSED_AT_INTAKE = (
    Refusal.CURRENCY,
    Refusal.TERMS,
    Refusal.PRICE,
    Refusal.WAY,
    Refusal.RADIUS,
    Refusal.REACH,
)
"""Why the market must not have taken a bid in the first place, whatever happened since."""


def frozen_day(day: Day) -> FrozenDay:
    """What the run decided from, with the customers' own orders applied.

    Raises:
        BundleFault: no market could be of these figures.
    """
    check_items(day)
    places = [
        FrozenPlace(*(getattr(line, name) for name in FrozenPlace._fields)) for line in day.places
    ]
    asked = day.requests[day.requests["version"] != b""]
    known = np.isin(asked["version"], np.array(sorted(day.items), dtype="S43"))
    asked = asked[known]
    items = FrozenItems(
        requests=np.ascontiguousarray(asked["digest"]),
        versions=np.ascontiguousarray(asked["version"]),
        suspended=asked["suspended"].copy(),
        documents=day.items,
    )
    table = day.table
    run = SimpleNamespace(seed=day.report.seed, newcomer_share=day.rules.newcomers.share)
    try:
        every = np.arange(len(places), dtype=np.int32)
        bids = Numbering(rows_of(day.requests["number"]), every).arranged(table.take_columns())
        frozen = arranged_day(run, day.requests, bids, places, items)
    except ValueError as error:
        raise BundleFault(f"The bundle's figures are those of no market: {error}.") from None
    frozen = replace(frozen, matching=_exact(day, frozen, table))
    apply_preferences(day, frozen)
    return frozen


def _exact(day: Day, frozen: FrozenDay, table: BidTable) -> Market:
    """The market with currencies, terms and alternatives as the documents have them, not as intake has them."""
    market = frozen.matching
    none = np.empty(0, dtype=np.uint16)
    bids = market.bids
    alternative = np.concatenate([*table.alternative, np.empty(0, dtype=np.bool_)])
    flaws = bids.flaws | np.where(alternative, np.uint8(Flaw.ALTERNATIVE), np.uint8(0))
    return replace(
        market,
        requests=replace(
            market.requests,
            currency=codes_of(day, day.requests["currency"]),
            terms=codes_of(day, day.requests["terms"]),
        ),
        bids=replace(
            bids,
            currency=np.concatenate([*table.currency, none]),
            terms=np.concatenate([*table.terms, none]),
            flaws=flaws.astype(np.uint8),
        ),
    )


def check_items(day: Day) -> None:
    """See to it that the items which requests name are theirs, and by their principals."""
    findings = day.findings
    requests = day.requests
    for row in requests[(requests["version"] != b"") | (requests["principal"] != b"")]:
        name = f"request {row['digest'].decode()}"
        item = day.items.get(row["version"].decode())
        if item is None:
            findings.add("items", name, "the version of its item that counts is not there")
        else:
            asked = (row["principal"].decode(), row["item"].decode())
            findings.expect("items", f"{name}, item", (item.principal, item.id), asked)
    findings.checked["items"] += len(day.items)


def apply_preferences(day: Day, frozen: FrozenDay) -> None:
    """Write the customers' Preferences into the columns, each about the bids on its own request."""
    findings, market = day.findings, frozen.matching
    preferences = joined(day.preferences, PREFERENCE)
    named = joined(day.named, NAMED)
    at, known = found_in(frozen.requests, preferences["request"])
    owners = day.requests["pseudonym"]
    for row, number, there in zip(preferences, at.tolist(), known.tolist(), strict=True):
        name = f"Preference {row['digest'].decode()}"
        if not there:
            findings.add("preferences", name, "is on a request that the run did not take")
        elif owners[number] != row["pseudonym"]:
            findings.add("preferences", name, "is not by the owner of its request")
    good = known & (owners.take(at) == preferences["pseudonym"])
    counting = preferences[good]
    market.requests.only_listed[at[good]] = counting["only"]
    frozen.preferences.extend(
        zip(
            counting["request"].astype("U").tolist(),
            counting["digest"].astype("U").tolist(),
            strict=True,
        )
    )
    named = named[np.isin(named["request"], counting["request"])]
    if len(named):
        _list(frozen, named["request"], named["bid"], named["position"])
    findings.checked["preferences"] += len(preferences)


def _list(frozen: FrozenDay, requests: Strings, bids: Strings, positions: I16) -> None:
    market = frozen.matching
    order = np.argsort(frozen.bids)
    at, there = found_in(frozen.bids.take(order), bids)
    if not there.any():
        return
    rows = order.take(at[there])
    number, _ = found_in(frozen.requests, requests[there])
    own = market.bids.request.take(rows) == number
    market.bids.listed[rows[own]] = np.where(
        positions[there][own] < 0, STRUCK_OUT, positions[there][own]
    )


def check_bids(day: Day, frozen: FrozenDay) -> None:
    """Measure every bid's distance again, and name those that the market must not have taken."""
    findings, market = day.findings, frozen.matching
    for first in range(0, len(frozen.requests), BLOCK):
        part = block(market, first, min(first + BLOCK, len(frozen.requests)))
        if not len(part.bids.price):
            continue
        reasons = refusals(part)
        wrong = np.isin(reasons, np.array(REFUSED_AT_INTAKE, dtype=np.uint8))
        for row in np.flatnonzero(wrong).tolist():
            reason = Refusal(reasons[row]).name.lower().replace("_", "-")
            name = f"Bid {frozen.bid(part.first_row + row)}"
            findings.add("bids", name, f"the market's rules refuse it: {reason}")
    _check_distances(day, frozen)
    findings.checked["bids"] += len(market.bids.price)


def _check_distances(day: Day, frozen: FrozenDay) -> None:
    market = frozen.matching
    centres = day.requests
    lat = np.array([place.lat_e6 for place in day.places], dtype=np.float64)
    lng = np.array([place.lng_e6 for place in day.places], dtype=np.float64)
    for first in range(0, len(market.bids.price), BLOCK):
        rows = slice(first, first + BLOCK)
        place, request = market.bids.place[rows], market.bids.request[rows]
        measured = _metres(
            lat.take(place), lng.take(place),
            centres["lat_e6"].take(request), centres["lng_e6"].take(request),
        )  # fmt: skip
        stated = market.bids.distance_m[rows]
        for row in np.flatnonzero(np.abs(measured - stated) > 1).tolist():
            name = f"Bid {frozen.bid(first + row)}, distance"
            day.findings.expect("distances", name, int(stated[row]), round(measured[row]))


def _metres(lat_a: Degrees, lng_a: Degrees, lat_b: Degrees, lng_b: Degrees) -> Degrees:
    """The great circle between points in millionths of a degree, by vectors (intake takes the haversine)."""
    scale = math.pi / 180e6
    phi_a, phi_b = lat_a * scale, lat_b * scale
    turn = (lng_b - lng_a) * scale
    sin_a, cos_a, sin_b, cos_b = np.sin(phi_a), np.cos(phi_a), np.sin(phi_b), np.cos(phi_b)
    cross = np.hypot(cos_b * np.sin(turn), cos_a * sin_b - sin_a * cos_b * np.cos(turn))
    dot = sin_a * sin_b + cos_a * cos_b * np.cos(turn)
    found: Degrees = EARTH_RADIUS_M * np.arctan2(cross, dot)
    return found
