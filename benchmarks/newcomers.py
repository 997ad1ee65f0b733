"""What honest newcomers get, with and without requests that try them, and what those who register anew do.

    python -m benchmarks.newcomers [--json] [--bars]

Made-up markets of forty vendors that have served for two months, and of newcomers: one more every three days,
that serves nine orders in ten well. Sixty requests a day with bids of ten vendors each, whose customers all
allow newcomers; every day is matched by the resolver's own kernel, bands and leads by the market's own rules.
Units are scarce (two a day for each vendor) or ample (twenty). Means over `SEEDS` markets, over 90 days.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np

from benchmarks._harness import Bar, Report, run
from marketplace.reputation.columns import Sums, market_tally, tallies
from marketplace.reputation.rules import (
    OWN_WORD,
    RATER_SHARES,
    Kind,
    Score,
    prior_share,
)
from marketplace.resolver import Bids, Market, Outcome, Places, Policy, Requests, Way, resolve
from marketplace.resolver.ids import text_ids
from marketplace.resolver.tables import I64, UNLISTED, Mask
from marketplace.runs.rules import leads_left
from marketplace.settings import NewcomerSettings

SEEDS: Final = 3
SETTLED, REQUESTS, BIDS = 40, 60, 10
WARM_UP, DAYS = 60, 150
EVERY, RENEWS = 3, 7
"""Days from one newcomer to the next, and from one identity of whoever registers anew to the next."""
FIRST_DAY: Final = 20_000
MOST: Final = SETTLED + (DAYS - WARM_UP) // EVERY + (DAYS - WARM_UP) // RENEWS + 2
"""More identities than there can be."""
BOOKS: Final = (MOST, DAYS, len(Kind), 2)
"""Weights of evidence: (vendor, day, kind, good)."""
SCARCE, AMPLE = 2, 20
RATED: Final = 0.6
WORD: Final = RATER_SHARES["known"]
DEFAULT: Final = NewcomerSettings().share


@dataclass
class Vendor:
    """One identity: how well it serves, and what is known of it."""

    number: int
    quality: float
    since: int
    again: bool = False
    """It is the one that registers anew."""
    pieces: int = 0
    led: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Assignments in which it led, by epoch."""
    first_award: int | None = None


@dataclass
class Played:
    """What came of 90 days."""

    asked: int = 0
    """Assigned requests on which a newcomer bid."""
    won: int = 0
    """Those of them that a newcomer got."""
    awards: int = 0
    to_again: int = 0
    quality: float = 0.0
    waits: list[int] = field(default_factory=list)
    """Days from an honest newcomer's registration to its first assignment."""
    most_led: int = 0
    """By one identity, in an epoch."""


def play(seed: int, units: int, share: int, *, renews: bool) -> Played:
    """Play one market.

    Args:
        renews: whether one vendor serves every second order badly, and registers anew again and again.
    """
    random = np.random.default_rng(seed)
    rules = NewcomerSettings(share=share).document()
    settled = random.uniform(0.65, 0.95, SETTLED).tolist()
    vendors = [Vendor(number, quality, -1) for number, quality in enumerate(settled)]
    books, played, numbers = np.zeros(BOOKS, dtype=np.int64), Played(), count(SETTLED)
    for day in range(DAYS):
        is_measured = day >= WARM_UP
        if is_measured and day % EVERY == 0:
            vendors.append(Vendor(next(numbers), 0.9, day))
        if is_measured and renews and (day - WARM_UP) % RENEWS == 0:
            vendors = [one for one in vendors if not one.again]
            vendors.append(Vendor(next(numbers), 0.5, day, again=True))
        epoch = day // rules.epoch_days
        leads = [leads_left(one.pieces, one.led[epoch], rules) for one in vendors]
        market = _market(random, _bands(books, vendors, day), leads, units, share)
        outcome = resolve(market)
        if is_measured:
            _count(played, market, outcome, vendors, leads)
        _serve(random, books, market, outcome, vendors, day, epoch)
    honest = [one for one in vendors if one.since >= WARM_UP and not one.again]
    waits = [(one.first_award or DAYS) - one.since for one in honest]
    played.waits = waits[: -(14 // EVERY)]  # the last ones had no time
    played.most_led = max(max(one.led.values(), default=0) for one in vendors)
    return played


def _bands(books: I64, vendors: list[Vendor], day: int) -> list[int]:
    shape = (MOST, day + 1, len(Kind))
    vendor, when, kind = (one.ravel() for one in np.indices(shape))
    known = books[:, : day + 1].reshape(-1, 2)
    none = np.zeros(len(vendor), dtype=np.int64)
    sums = Sums(vendor, when + FIRST_DAY, kind, known[:, 1], known[:, 0], none, none)
    prior = prior_share(market_tally(sums, day + FIRST_DAY))
    found = tallies(sums, MOST, day + FIRST_DAY)
    return [Score(found[one.number], prior).band for one in vendors]


def _market(
    random: np.random.Generator, bands: list[int], leads: list[int], units: int, share: int
) -> Market:
    there = len(bands)
    place = np.sort(np.argsort(random.random((REQUESTS, there)), axis=1)[:, :BIDS], axis=1)
    ids = np.frombuffer(random.bytes(32 * REQUESTS), np.uint8).reshape(-1, 32)
    bids = REQUESTS * BIDS
    return Market(
        Requests(
            id=np.sort(text_ids(ids)),
            policy=np.full(REQUESTS, Policy.BEST_NEARBY, dtype=np.uint8),
            price=np.full(REQUESTS, 1 << 40),
            fixed=np.zeros(REQUESTS, dtype=np.bool_),
            currency=np.zeros(REQUESTS, dtype=np.uint16),
            terms=np.zeros(REQUESTS, dtype=np.uint16),
            ways=np.full(REQUESTS, Way.SHIP, dtype=np.uint8),
            radius_m=np.full(REQUESTS, 50_000, dtype=np.int32),
            only_listed=np.zeros(REQUESTS, dtype=np.bool_),
            tries_newcomers=np.ones(REQUESTS, dtype=np.bool_),
        ),
        Places(
            did=np.array([f"did:key:z6Mk{n:044d}" for n in range(there)], dtype="S"),
            place=np.full(there, b"shop"),
            capacity=np.full(there, units, dtype=np.int32),
            band=np.array(bands, dtype=np.uint8),
            reach_m=np.full(there, 50_000, dtype=np.int32),
            admitted=np.ones(there, dtype=np.bool_),
            leads=np.array(leads, dtype=np.int32),
        ),
        Bids(
            request=np.repeat(np.arange(REQUESTS, dtype=np.int32), BIDS),
            place=place.ravel().astype(np.int32),
            price=random.integers(1_000, 2_000, bids),
            distance_m=random.integers(500, 20_000, bids).astype(np.int32),
            currency=np.zeros(bids, dtype=np.uint16),
            terms=np.zeros(bids, dtype=np.uint16),
            way=np.full(bids, Way.SHIP, dtype=np.uint8),
            flaws=np.zeros(bids, dtype=np.uint8),
            listed=np.full(bids, UNLISTED, dtype=np.int16),
        ),
        random.bytes(32),
        share,
    )


def _count(
    played: Played, market: Market, outcome: Outcome, vendors: list[Vendor], leads: list[int]
) -> None:
    """Note what became of requests on which vendors that may still lead bid."""
    is_new: Mask = np.array(leads) > 0
    tried = is_new.take(market.bids.place).reshape(REQUESTS, BIDS).max(axis=1)
    assigned = np.flatnonzero(outcome.bid >= 0)
    places = market.bids.place.take(outcome.bid[assigned])
    played.asked += int(np.count_nonzero(tried[assigned]))
    played.won += int(np.count_nonzero(is_new[places]))
    played.awards += len(places)
    played.to_again += sum(vendors[place].again for place in places.tolist())
    played.quality += sum(vendors[place].quality for place in places.tolist())


def _serve(
    random: np.random.Generator,
    books: I64,
    market: Market,
    outcome: Outcome,
    vendors: list[Vendor],
    day: int,
    epoch: int,
) -> None:
    """Let vendors accept and serve what they were given, and customers say how it was."""
    for request in np.flatnonzero(outcome.bid >= 0).tolist():
        vendor = vendors[market.bids.place[outcome.bid[request]]]
        vendor.led[epoch] += bool(outcome.led[request])
        if vendor.first_award is None:
            vendor.first_award = day
        vendor.pieces += 1
        books[vendor.number, day, Kind.WEAK, 1] += OWN_WORD
        if random.random() < RATED:
            vendor.pieces += 1
            books[vendor.number, day, Kind.FIRM, int(random.random() < vendor.quality)] += WORD


def measure() -> Report:
    """Play every market with and without requests that try newcomers."""
    columns = ("newcomers", "units", "share", "of requests they bid on %", "days to the first")
    report = Report("newcomers", (*columns, "served well %", "who registers anew %", "led at most"))
    for name, renews, parts in (
        ("honest", False, (0, DEFAULT, 2 * DEFAULT)),
        ("and one that registers anew", True, (0, DEFAULT)),
    ):
        for units, room in ((SCARCE, "scarce"), (AMPLE, "ample")):
            for share in parts:
                runs = [play(seed, units, share, renews=renews) for seed in range(SEEDS)]
                won = sum(one.won for one in runs) / sum(one.asked for one in runs)
                awards = sum(one.awards for one in runs)
                waits = [wait for one in runs for wait in one.waits]
                report.rows.append(
                    (
                        *(name, room, f"{share / 10:g} %", 100 * won, float(np.median(waits))),
                        100 * sum(one.quality for one in runs) / awards,
                        100 * sum(one.to_again for one in runs) / awards,
                        max(one.most_led for one in runs),
                    )
                )
                if share == DEFAULT:
                    what = f"{name}, {room}: newcomers' share in per cent"
                    report.bars.append(Bar(what, 100 * won, share / 10 - 1, at_least=True))
    most = max(int(row[-1]) for row in report.rows)
    report.bars.append(Bar("led in a week by one vendor", most, NewcomerSettings().quota))
    return report


if __name__ == "__main__":
    run(measure)
