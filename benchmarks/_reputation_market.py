"""Made-up markets over half a year for `benchmarks.reputation`: who gets what under a way of scoring.

Forty vendors with three units a day and a true chance of serving well each; eighty requests a day, each with
bids of ten vendors. Every day is matched by the resolver's own kernel from the bands of the day before. Each
award gives an Acceptance, and three of five customers rate it: five stars if it went well, one if it did not.
`MARKETS` such markets are played side by side, by one call of the kernel for each day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from marketplace.reputation.columns import Sums, age_weights, counted, weights
from marketplace.reputation.rules import (
    BANDS,
    FULL_VALUE_PERCENT,
    OWN_WORD,
    PRIOR_STRENGTH,
    RATER_SHARES,
    Kind,
    Tally,
    epoch_of,
    of_market,
    prior_share,
)
from marketplace.resolver import Market, resolve
from marketplace.resolver.ids import text_ids
from marketplace.resolver.tables import UNLISTED, Bids, Places, Policy, Requests, Way

MARKETS: Final = 64
VENDORS, SPARE, UNITS = 40, 4, 3
ALL: Final = VENDORS + SPARE
REQUESTS, BIDS = 80, 10
MOST: Final = 2 * REQUESTS + 40
"""Requests of a day, bought ones among them."""
RATED: Final = 0.6
TIERS: Final = np.array([RATER_SHARES["new"], RATER_SHARES["known"], RATER_SHARES["trusted"]])
NEW: Final = RATER_SHARES["new"]
WARM_UP, BEFORE, DURING, PAUSE, AFTER = 60, 30, 30, 60, 15
ATTACK: Final = WARM_UP + BEFORE
OVER: Final = ATTACK + DURING
DAYS: Final = OVER + PAUSE + AFTER
FIRST_DAY: Final = 20_000

I64 = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Fakes:
    """Orders of a day by an attacker's own customers, in each market."""

    vendor: int
    """Whom they want."""
    count: int
    listed: bool
    """Their Preferences list that vendor and no other; else they order as anybody does, and it always bids."""


@dataclass
class Books:
    """What each way of scoring knows; a row for each vendor of each market, one market behind the other."""

    weight: I64 = field(
        default_factory=lambda: np.zeros((MARKETS * ALL, DAYS, len(Kind), 2), dtype=np.int64)
    )
    """(vendor, day, kind, good)"""
    whole: I64 = field(
        default_factory=lambda: np.zeros((MARKETS, DAYS, len(Kind), 2), dtype=np.int64)
    )
    """The same of each market's vendors together."""
    counts: I64 = field(default_factory=lambda: np.zeros((2, MARKETS * ALL, DAYS), dtype=np.int64))
    """What of it counts: (good, vendor, day)."""
    pieces: I64 = field(default_factory=lambda: np.zeros((MARKETS * ALL, 2), dtype=np.int64))
    """Ratings: (vendor, good)."""

    def note(self, vendor: I64, day: int, kind: I64, weight: I64, good: Mask) -> None:
        flat = np.ravel_multi_index(
            (vendor, np.full_like(vendor, day), kind, good * 1), self.weight.shape
        )
        np.add.at(self.weight.reshape(-1), flat, weight)
        flat = np.ravel_multi_index(
            (vendor // ALL, np.full_like(vendor, day), kind, good * 1), self.whole.shape
        )
        np.add.at(self.whole.reshape(-1), flat, weight)

    def rate(self, vendor: I64, good: Mask) -> None:
        np.add.at(self.pieces.reshape(-1), 2 * vendor + good, 1)

    def count_since(self, first: int, day: int) -> None:
        """Tell anew what counts of the evidence since a day; it ends with a day."""
        part = self.weight[:, first : day + 1]
        vendor, when, kind = (one.ravel() for one in np.indices(part.shape[:3]))
        bad, good = part.reshape(-1, 2).T
        none = np.zeros(len(vendor), dtype=np.int64)
        sums = Sums(vendor, when + first + FIRST_DAY, kind, good, bad, none, none)
        for number, column in enumerate(counted(sums)):
            self.counts[number, :, first : day + 1] = column.reshape(part.shape[:3]).sum(axis=2)


Scoring = Callable[[Books, int], I64]


def posterior(books: Books, day: int) -> I64:
    """The bands of this project."""
    books.count_since(max(0, epoch_of(day + FIRST_DAY - 1) - FIRST_DAY), day)
    age = age_weights(day - np.arange(day + 1))
    good, bad = (books.counts[:, :, : day + 1] @ age).tolist()
    aged = (books.whole[:, : day + 1] * age[:, None, None]).sum(axis=1)
    bands = []
    for market, kinds in enumerate(aged.tolist()):
        prior = prior_share(of_market(*(Tally(kinds[kind][1], kinds[kind][0]) for kind in Kind)))
        said, whole = PRIOR_STRENGTH * prior.numerator, prior.denominator
        own = range(market * ALL, (market + 1) * ALL)
        # As `Score.band`, without making a million fractions.
        bands += [
            BANDS * (good[at] * whole + said) // (whole * (good[at] + bad[at] + PRIOR_STRENGTH))
            for at in own
        ]
    return np.array(bands)


def plain_mean(books: Books, _day: int) -> I64:
    """The mean of all stars from 1 to 5, as shares of 5; who has none stands at the market's mean."""
    return _plain(books, lambda bad, good: (bad + 5 * good) / (5 * (bad + good)))


def share_of_positives(books: Books, _day: int) -> I64:
    """The share of good ratings."""
    return _plain(books, lambda bad, good: good / (bad + good))


def _plain(books: Books, value: Callable[[Any, Any], Any]) -> I64:
    bad, good = books.pieces[:, 0], books.pieces[:, 1]
    own = np.repeat(np.arange(MARKETS), ALL)
    sums = (np.bincount(own, column, MARKETS) for column in (bad, good))
    market = value(*(np.maximum(1, one) for one in sums))[own]
    rated = np.maximum(bad + good, 1)
    found = np.where(bad + good > 0, value(np.where(bad + good > 0, bad, rated), good), market)
    bands: I64 = (found * BANDS).astype(np.int64)
    return bands


def matched(random: np.random.Generator, bands: I64, bidding: Mask, fakes: Fakes | None) -> Any:
    """One day by the kernel: for each award its market, its request's number there, and its vendor's number.

    Chance is drawn alike for all requests that there may be, so that bought ones change nobody else's.

    Args:
        bidding: (markets, requests, vendors): who would bid.
    """
    price = random.integers(1_000, 2_000, (MARKETS, MOST, BIDS))
    distance = random.integers(500, 20_000, (MARKETS, MOST, BIDS))
    chance = random.random((MARKETS, MOST, ALL))[:, : bidding.shape[1]] + ~bidding
    if fakes is not None and not fakes.listed:
        chance[:, REQUESTS:, fakes.vendor] = -1
    chosen = np.sort(np.argpartition(chance, BIDS, axis=2)[:, :, :BIDS], axis=2)
    keep = np.take_along_axis(bidding, chosen, 2)
    asked, count = bidding.shape[1], 0
    if fakes is not None and fakes.listed:
        count = fakes.count
        chosen = _and_those_who_want(chosen, count, fakes.vendor)
        only = np.zeros((MARKETS, count, BIDS), dtype=np.bool_)
        only[:, :, 0] = True
        keep = np.concatenate((keep, only), axis=1)
    per, whole = asked + count, MARKETS * (asked + count)
    request = np.broadcast_to(np.arange(whole).reshape(MARKETS, per, 1), chosen.shape)[keep]
    place = (chosen + ALL * np.arange(MARKETS)[:, None, None])[keep]
    bids, directed = len(request), request % per >= asked
    ids = np.frombuffer(random.bytes(32 * whole), np.uint8).reshape(-1, 32)
    market = Market(
        Requests(
            id=np.sort(text_ids(ids)),
            policy=np.full(whole, Policy.BEST_NEARBY, dtype=np.uint8),
            price=np.full(whole, 1 << 40),
            fixed=np.zeros(whole, dtype=np.bool_),
            currency=np.zeros(whole, dtype=np.uint16),
            terms=np.zeros(whole, dtype=np.uint16),
            ways=np.full(whole, Way.SHIP, dtype=np.uint8),
            radius_m=np.full(whole, 50_000, dtype=np.int32),
            only_listed=np.arange(whole) % per >= asked,
            tries_newcomers=np.zeros(whole, dtype=np.bool_),
        ),
        Places(
            did=np.array([f"did:key:z6Mk{n:044d}" for n in range(len(bands))], dtype="S"),
            place=np.full(len(bands), b"shop"),
            capacity=np.full(len(bands), UNITS, dtype=np.int32),
            band=bands.astype(np.uint8),
            reach_m=np.full(len(bands), 50_000, dtype=np.int32),
            admitted=np.ones(len(bands), dtype=np.bool_),
            leads=np.zeros(len(bands), dtype=np.int32),
        ),
        Bids(
            request=request.astype(np.int32),
            place=place.astype(np.int32),
            price=price[:, :per][keep],
            distance_m=distance[:, :per][keep].astype(np.int32),
            currency=np.zeros(bids, dtype=np.uint16),
            terms=np.zeros(bids, dtype=np.uint16),
            way=np.full(bids, Way.SHIP, dtype=np.uint8),
            flaws=np.zeros(bids, dtype=np.uint8),
            listed=np.where(directed, 0, UNLISTED).astype(np.int16),
        ),
        random.bytes(32),
    )
    won = resolve(market).bid
    taken = np.flatnonzero(won >= 0)
    return taken // per, taken % per, place[won[taken]] % ALL


def _and_those_who_want(chosen: I64, count: int, vendor: int) -> I64:
    """Add requests on which a vendor bids; who else would does not count."""
    return np.concatenate((chosen, np.full((MARKETS, count, BIDS), vendor)), axis=1)


def full_values(amounts: list[Floats]) -> I64:
    """From which amount on orders weigh alike, in each market."""
    found: I64 = np.percentile(np.concatenate(amounts, axis=1), FULL_VALUE_PERCENT, axis=1).astype(
        np.int64
    )
    return found


def kinds(share: I64, directed: Mask) -> I64:
    """The kind of customers' words."""
    return np.where(directed | (share == NEW), int(Kind.WEAK), int(Kind.FIRM))


def own_words(amount: I64, full: I64) -> I64:
    """What Acceptances weigh."""
    return weights(np.full(len(amount), OWN_WORD, dtype=np.int64), amount, full)
