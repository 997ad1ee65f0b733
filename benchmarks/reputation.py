"""What attacks on reputation gain, against the plain mean and the share of positives.

    python -m benchmarks.reputation [--json] [--bars]

For each attack, the attacker's share of all honest customers' awards in the 30 days before it, in the 30 days
of it, and in the 15 days that begin 60 days after it; the last against the first, and against the same vendor
left alone; then what it gains in those 15 days over being left alone, in awards, for each admitted member and
each token that bought it an order; how well all honest customers were served; and how well the bands rank the
vendors when the attack begins. Means over `MARKETS` made-up markets (`_reputation_market`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import spearmanr

from benchmarks._harness import Bar, Report, run
from benchmarks._reputation_market import (
    AFTER,
    ALL,
    ATTACK,
    BEFORE,
    DAYS,
    DURING,
    I64,
    MARKETS,
    OVER,
    PAUSE,
    RATED,
    REQUESTS,
    SPARE,
    TIERS,
    VENDORS,
    Books,
    Fakes,
    Floats,
    Mask,
    Scoring,
    full_values,
    kinds,
    matched,
    own_words,
    plain_mean,
    posterior,
    share_of_positives,
)
from marketplace.reputation.columns import weights
from marketplace.reputation.rules import RATER_SHARES, UNIT, Kind, score

NEW, TRUSTED = RATER_SHARES["new"], RATER_SHARES["trusted"]
TOKENS_A_WEEK: Final = {NEW: 16, TRUSTED: 32}
LARGE: Final = 4_000
"""Minor units; three of five orders are smaller."""
TARGET, RIVAL = 0, 1
SETTLED: Final = 30
"""From this day on it is counted how well customers were served."""
SPANS: Final = ((ATTACK - BEFORE, ATTACK), (ATTACK, OVER), (OVER + PAUSE, OVER + PAUSE + AFTER))
"""Before, during and after: the first day of each, and the day after its last."""
SCORINGS: Final[dict[str, Scoring]] = {
    "posterior": posterior,
    "plain mean": plain_mean,
    "positives": share_of_positives,
}

Ordering = Literal["directed", "at a place of its own", "undirected", "beside decoys"]
"""How an attacker's customers order. At a place of its own, what they order costs the vendor no units that
others could take; beside decoys neither, and its owner's other vendors bid too, so that it looks undirected.
"""


@dataclass(frozen=True)
class Attack:
    """What an attacker does; days count from the attack's first."""

    honest: float = 0.8
    """How well the target serves before."""
    turned: float = 0.8
    """And from the attack on."""
    members: int = 0
    tier: int = NEW
    """What the word of its members counts, in thousandths."""
    ordering: Ordering = "directed"
    against: bool = False
    """Its customers complain of a rival instead of praising the target."""
    small_only: bool = False
    """Until the attack it bids on small orders only, and serves small ones well for ever."""
    comes_late: bool = False
    """It bids from the attack on, and not before."""
    renews_days: int = 0
    """It registers anew so often, from the attack on."""
    silenced: float = 0.0
    """The share of bad ratings that fear keeps back, where ratings are not double-blind."""
    directing: float = 0.0
    """The share of honest customers whose own order of the bids decides."""
    has_bar: bool = True

    @property
    def orders(self) -> int:
        """How many it buys in a day."""
        return self.members * TOKENS_A_WEEK[self.tier] // 7


ALONE: Final = "no attack"
ATTACKS: Final = {
    ALONE: Attack(has_bar=False),
    "ring of 50": Attack(members=50),
    "ring, place of its own": Attack(members=50, ordering="at a place of its own"),
    "rented members": Attack(members=10, tier=TRUSTED),
    "rented, place of its own": Attack(members=10, tier=TRUSTED, ordering="at a place of its own"),
    "rented, undirected": Attack(members=10, tier=TRUSTED, ordering="undirected", has_bar=False),
    "rented, beside decoys": Attack(
        members=10, tier=TRUSTED, ordering="beside decoys", has_bar=False
    ),
    "small, then large": Attack(0.97, 0.3, small_only=True),
    "whitewashing": Attack(0.5, 0.5, renews_days=15),
    "sold key": Attack(0.93, 0.3),
    "against a rival": Attack(members=50, against=True),
    "against, rented, own place": Attack(
        members=10, tier=TRUSTED, ordering="at a place of its own", against=True
    ),
    "retaliation": Attack(0.75, 0.75, silenced=0.7),
    "four of five direct": Attack(directing=0.8, has_bar=False),
    "honest newcomer": Attack(0.9, 0.9, comes_late=True, has_bar=False),
}


@dataclass(frozen=True)
class Played:
    """What came of an attack, in each market."""

    shares: Floats
    """Of honest awards: (before, during, after)."""
    bought: float
    """How many orders of a market its members' tokens bought it."""
    served: float
    """The share of honest orders that was served well, by the vendors' true chances."""
    ranked: float
    """The rank correlation of the vendors' bands and true chances when the attack begins."""


def play(attack: Attack, scoring: Scoring) -> Played:
    """Play an attack in all markets."""
    random = np.random.default_rng(1)
    quality = np.full((MARKETS, VENDORS + SPARE), attack.turned)
    quality[:, :VENDORS] = random.uniform(0.65, 0.95, (MARKETS, VENDORS))
    quality[:, TARGET], quality[:, RIVAL] = attack.honest, 0.9
    books, amounts = Books(), [np.full((MARKETS, 1), float(LARGE))]
    target, full = TARGET, np.full(MARKETS, LARGE)
    won, bought, served = np.zeros((2, MARKETS, DAYS)), 0, []
    ranked = 0.0
    for day in range(DAYS):
        # Each day's chance is the same whatever came before: what an attack changes, it changes alone.
        random = np.random.default_rng((1, day + 1))
        since = day - ATTACK
        if since >= 0:
            quality[:, TARGET] = attack.turned
            if attack.renews_days and day < OVER and since % attack.renews_days == 0:
                target = VENDORS + since // attack.renews_days
        if day % 7 == 0:
            full = full_values(amounts)
        amount = random.lognormal(8, 1, (MARKETS, REQUESTS)).astype(np.int64)
        amounts.append(amount.astype(np.float64))
        wanted = RIVAL if attack.against else target
        orders = attack.orders if 0 <= since < DURING else 0
        at_market = orders if attack.ordering in ("directed", "undirected") else 0
        fakes = Fakes(wanted, at_market, attack.ordering == "directed") if at_market else None
        bands = scoring(books, day)
        if not since:
            ranked = _rank_correlation(bands, quality)
        luck = random.random((4, MARKETS, REQUESTS + 1))
        market, request, vendor = matched(
            random, bands, _bidding(attack, target, since, amount), fakes
        )
        beside = np.repeat(np.arange(MARKETS), orders - at_market)
        market = np.concatenate((market, beside))
        request = np.concatenate((request, np.full(len(beside), REQUESTS)))
        vendor = np.concatenate((vendor, np.full(len(beside), wanted)))
        honest = request < REQUESTS
        mine = ~honest & (vendor == wanted)
        value = np.where(honest, amount[market, np.minimum(request, REQUESTS - 1)], full[market])
        is_easy = (vendor == target) & (value < LARGE) & attack.small_only
        own_luck = luck[:, market, np.minimum(request, REQUESTS)]
        good = (own_luck[0] < quality[market, vendor]) | is_easy
        words = _words(own_luck[1:], attack, honest, mine, good)
        rated = words.rated
        _note(books, day, ALL * market + vendor, value, full[market], words)
        if attack.silenced and scoring is not posterior:
            rated = rated & (
                words.good | (vendor != target) | (random.random(len(vendor)) > attack.silenced)
            )
        books.rate((ALL * market + vendor)[rated], words.good[rated])
        bought += int(np.count_nonzero(mine))
        won[0, :, day] = np.bincount(market[honest & (vendor == target)], minlength=MARKETS)
        won[1, :, day] = np.bincount(market[honest], minlength=MARKETS)
        if day >= SETTLED:
            served.append(quality[market[honest], vendor[honest]].mean())
    found = np.array([np.divide(*won[:, :, first:last].sum(axis=2)) for first, last in SPANS])
    return Played(found, bought / MARKETS, float(np.mean(served)), ranked)


def _rank_correlation(bands: I64, quality: Floats) -> float:
    own = bands.reshape(MARKETS, ALL)[:, TARGET + 1 : VENDORS]
    true = quality[:, TARGET + 1 : VENDORS]
    return float(np.mean([spearmanr(*both).statistic for both in zip(own, true, strict=True)]))


@dataclass(frozen=True)
class Words:
    """What customers say of a day's awards, a row for each."""

    share: I64
    """What their tiers' words count, in thousandths."""
    directed: Mask
    rated: Mask
    good: Mask


def _words(luck: Floats, attack: Attack, honest: Mask, mine: Mask, good: Mask) -> Words:
    """Let honest customers say what was so, and the attacker's what it pays for.

    Args:
        luck: draws from 0 to 1, for the tier, for whether they rate, and for whether they direct.
        honest: whose customers are honest.
        mine: which the attacker's customers bought; they rate nothing else.
        good: what went well.
    """
    share = np.where(mine, attack.tier, TIERS[(luck[0] * len(TIERS)).astype(np.int64)])
    rated = np.where(honest, luck[1] < RATED, mine)
    bought = mine & (attack.ordering in ("directed", "at a place of its own"))
    directed = honest & (luck[2] < attack.directing)
    return Words(share, bought | directed, rated, np.where(mine, not attack.against, good))


def _note(books: Books, day: int, vendor: I64, value: I64, full: I64, words: Words) -> None:
    """Take a day's Acceptances, and the words of those who rate."""
    all_good = np.ones(len(vendor), dtype=np.bool_)
    weak = np.full(len(vendor), int(Kind.WEAK))
    books.note(vendor, day, weak, own_words(value, full), all_good)
    weight, kind = weights(words.share, value, full), kinds(words.share, words.directed)
    rated = words.rated
    books.note(vendor[rated], day, kind[rated], weight[rated], words.good[rated])


def _bidding(attack: Attack, target: int, since: int, amount: I64) -> Mask:
    undirected = attack.orders if attack.ordering == "undirected" and 0 <= since < DURING else 0
    bidding = np.zeros((MARKETS, REQUESTS + undirected, VENDORS + SPARE), dtype=np.bool_)
    bidding[:, :, :VENDORS] = True
    bidding[:, :, TARGET] = target == TARGET and not (attack.comes_late and since < 0)
    bidding[:, :, target] |= target != TARGET
    if attack.small_only and since < 0:
        bidding[:, :REQUESTS, target] = amount < LARGE
    return bidding


def measure() -> Report:
    """Play every attack under every way of scoring."""
    columns = ("attack", "scoring", "before %", "during %", "after %", "after/before", "/ alone")
    report = Report("reputation", (*columns, "±", "per member", "per token", "served %", "ranked"))
    alone: dict[str, Floats] = {}
    for name, attack in ATTACKS.items():
        for way, scoring in SCORINGS.items():
            played = play(attack, scoring)
            before, during, after = played.shares.mean(axis=1).tolist()
            ratio = after / before if before else float("nan")
            found: tuple[float | str, ...] = ("-",) * 4
            if name == ALONE:
                alone[way] = played.shares[2]
            elif attack.members:
                left = float(alone[way].mean())
                error = float((played.shares[2] - alone[way]).std()) / MARKETS**0.5
                gain = (after - left) * REQUESTS * AFTER
                per = gain / attack.members, gain / played.bought if played.bought else "-"
                found = after / left, error / left, *per
                if way == "posterior" and attack.has_bar:
                    report.bars.append(Bar(f"{name}, after / left alone", after / left, 1.05))
            report.rows.append(
                (
                    *(name, way, 100 * before, 100 * during, 100 * after),
                    *(ratio if before else "-", *found, 100 * played.served, played.ranked),
                )
            )
            if way == "posterior" and attack.has_bar:
                report.bars.append(Bar(f"{name}, after / before", ratio, 1.05))
    three = score([(0, UNIT, True)] * 3, 0)
    many = score([(0, UNIT, number % 20 > 0) for number in range(300)], 0)
    over = float(many.value - three.value)
    report.bars.append(Bar("300 good ratings over 3 perfect ones", over, 0, at_least=True))
    return report


if __name__ == "__main__":
    run(measure)
