"""A made-up market over half a year for `benchmarks.reputation`: who gets what under a way of scoring.

Forty vendors with three units a day and a true chance of serving well each; eighty requests a day, each with
bids of ten vendors. Every day is matched by the resolver's own kernel from the bands of the day before. Each
award gives an Acceptance, and three of five customers rate it: five stars if it went well, one if it did not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from marketplace.reputation.columns import Sums, market_tally, tallies, weights
from marketplace.reputation.rules import (
    BANDS,
    FULL_VALUE_PERCENT,
    OWN_WORD,
    RATER_SHARES,
    Kind,
    Score,
    prior_share,
)
from marketplace.resolver import Market, resolve
from marketplace.resolver.ids import text_ids
from marketplace.resolver.tables import UNLISTED, Bids, Places, Policy, Requests, Way

VENDORS, SPARE, UNITS = 40, 4, 3
REQUESTS, BIDS = 80, 10
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
    """Orders of a day by the attacker's own customers, who want one vendor and no other."""

    vendor: int
    count: int
    share: int
    """What their tier's word counts, in thousandths."""
    good: bool


@dataclass
class Books:
    """What each way of scoring knows; a row for each vendor."""

    weight: I64 = field(
        default_factory=lambda: np.zeros((VENDORS + SPARE, DAYS, len(Kind), 2), dtype=np.int64)
    )
    """(vendor, day, kind, good)"""
    pieces: I64 = field(default_factory=lambda: np.zeros((VENDORS + SPARE, 2), dtype=np.int64))
    """Ratings: (vendor, good)."""

    def note(self, vendor: I64, day: int, kind: I64, weight: I64, good: Mask) -> None:
        flat = np.ravel_multi_index(
            (vendor, np.full_like(vendor, day), kind, good * 1), self.weight.shape
        )
        np.add.at(self.weight.reshape(-1), flat, weight)

    def rate(self, vendor: I64, good: Mask) -> None:
        np.add.at(self.pieces.reshape(-1), 2 * vendor + good, 1)


Scoring = Callable[[Books, int], I64]


def posterior(books: Books, day: int) -> I64:
    """The bands of this project."""
    vendor, when, kind = (one.ravel() for one in np.indices((VENDORS + SPARE, day + 1, len(Kind))))
    known = books.weight[:, : day + 1].reshape(-1, 2)
    none = np.zeros(len(vendor), dtype=np.int64)
    sums = Sums(*(vendor, when + FIRST_DAY, kind, known[:, 1], known[:, 0], none, none))
    prior = prior_share(market_tally(sums, day + FIRST_DAY))
    found = tallies(sums, VENDORS + SPARE, day + FIRST_DAY)
    return np.array([Score(own, prior).band for own in found])


def plain_mean(books: Books, _day: int) -> I64:
    """The mean of all stars from 1 to 5, as shares of 5; who has none stands at the market's mean."""
    return _plain(books, lambda bad, good: (bad + 5 * good) / (5 * (bad + good)))


def share_of_positives(books: Books, _day: int) -> I64:
    """The share of good ratings."""
    return _plain(books, lambda bad, good: good / (bad + good))


def _plain(books: Books, value: Callable[[Any, Any], Any]) -> I64:
    bad, good = books.pieces[:, 0], books.pieces[:, 1]
    market = value(max(1, bad.sum()), good.sum())
    rated = np.maximum(bad + good, 1)
    found = np.where(bad + good > 0, value(np.where(bad + good > 0, bad, rated), good), market)
    bands: I64 = (found * BANDS).astype(np.int64)
    return bands


def matched(random: np.random.Generator, bands: I64, bidding: Mask, fakes: Fakes | None) -> Any:
    """One day by the kernel: for each award its vendor, amount, and whether the customer is honest.

    Args:
        bidding: (requests, vendors): who would bid.
    """
    chance = random.random(bidding.shape) + ~bidding
    chosen = np.sort(np.argsort(chance, axis=1)[:, :BIDS], axis=1)
    count = 0 if fakes is None else fakes.count
    request = np.concatenate((np.repeat(np.arange(REQUESTS), BIDS), REQUESTS + np.arange(count)))
    place = np.concatenate((chosen.ravel(), np.full(count, fakes.vendor if fakes else 0)))
    keep = np.concatenate((np.take_along_axis(bidding, chosen, 1).ravel(), np.ones(count, bool)))
    request, place = request[keep].astype(np.int32), place[keep].astype(np.int32)
    ids = np.frombuffer(random.bytes(32 * (REQUESTS + count)), np.uint8).reshape(-1, 32)
    whole, bids = REQUESTS + count, len(request)
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
            only_listed=np.arange(whole) >= REQUESTS,
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
            request=request,
            place=place,
            price=random.integers(1_000, 2_000, bids),
            distance_m=random.integers(500, 20_000, bids).astype(np.int32),
            currency=np.zeros(bids, dtype=np.uint16),
            terms=np.zeros(bids, dtype=np.uint16),
            way=np.full(bids, Way.SHIP, dtype=np.uint8),
            flaws=np.zeros(bids, dtype=np.uint8),
            listed=np.where(request >= REQUESTS, 0, UNLISTED).astype(np.int16),
        ),
        random.bytes(32),
    )
    won = resolve(market).bid
    taken = np.flatnonzero(won >= 0)
    return taken, place[won[taken]].astype(np.int64)


def full_value(amounts: list[I64]) -> int:
    """From which amount on orders weigh alike."""
    return int(np.percentile(np.concatenate(amounts), FULL_VALUE_PERCENT))


def weigh_all(share: I64, amount: I64, full: int) -> I64:
    """The weight of each piece."""
    return weights(share, amount, np.full(len(amount), full, dtype=np.int64))


def own_words(amount: I64, full: int) -> I64:
    """What Acceptances weigh."""
    return weigh_all(np.full(len(amount), OWN_WORD, dtype=np.int64), amount, full)


def kinds(share: I64, directed: Mask) -> I64:
    """The kind of customers' words."""
    return np.where(directed | (share == NEW), int(Kind.WEAK), int(Kind.FIRM))
