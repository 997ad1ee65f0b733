"""What attacks on reputation gain, against the plain mean and the share of positives.

    python -m benchmarks.reputation [--json] [--bars]

For each attack, the attacker's share of all honest customers' awards in the 30 days before it, in the 30 days
of it, and in the 15 days that begin 60 days after it; then what it gains in those 15 days, in awards, for each
admitted member and each token that bought it an order. Means over `SEEDS` made-up markets
(`_reputation_market`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks._harness import Bar, Report, run
from benchmarks._reputation_market import (
    AFTER,
    ATTACK,
    BEFORE,
    DAYS,
    DURING,
    I64,
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
    full_value,
    kinds,
    matched,
    own_words,
    plain_mean,
    posterior,
    share_of_positives,
    weigh_all,
)
from marketplace.reputation.rules import RATER_SHARES, UNIT, Kind, score

SEEDS: Final = 5
NEW, TRUSTED = RATER_SHARES["new"], RATER_SHARES["trusted"]
TOKENS_A_WEEK: Final = {NEW: 16, TRUSTED: 32}
LARGE: Final = 4_000
"""Minor units; three of five orders are smaller."""
TARGET, RIVAL = 0, 1
SCORINGS: Final[dict[str, Scoring]] = {
    "posterior": posterior,
    "plain mean": plain_mean,
    "positives": share_of_positives,
}


@dataclass(frozen=True)
class Attack:
    """What an attacker does; days count from the attack's first."""

    honest: float
    """How well the target serves before."""
    turned: float
    """And from the attack on."""
    members: int = 0
    tier: int = NEW
    """What the word of its members counts, in thousandths."""
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


NEWCOMER: Final = "honest newcomer"
NO_ATTACKS: Final = ("no attack", NEWCOMER)
ATTACKS: Final = {
    "no attack": Attack(0.8, 0.8),
    "ring of 50": Attack(0.8, 0.8, members=50),
    "rented members": Attack(0.8, 0.8, members=10, tier=TRUSTED),
    "small, then large": Attack(0.97, 0.3, small_only=True),
    "whitewashing": Attack(0.5, 0.5, renews_days=15),
    "sold key": Attack(0.93, 0.3),
    "against a rival": Attack(0.8, 0.8, members=50, against=True),
    "retaliation": Attack(0.75, 0.75, silenced=0.7),
    NEWCOMER: Attack(0.9, 0.9, comes_late=True),
}


def shares(attack: Attack, scoring: Scoring, seed: int) -> Floats:
    """The target's share of honest awards before, during and after; and the fakes that got through."""
    random = np.random.default_rng(seed)
    quality = np.concatenate((random.uniform(0.65, 0.95, VENDORS), np.full(SPARE, attack.turned)))
    quality[TARGET] = attack.honest
    quality[RIVAL] = 0.9
    books, amounts = Books(), [np.array([LARGE])]
    target, full, won, fakes_won = TARGET, LARGE, np.zeros((DAYS, 2)), 0
    for day in range(DAYS):
        since = day - ATTACK
        if since >= 0:
            quality[TARGET] = attack.turned
            if attack.renews_days and day < OVER and since % attack.renews_days == 0:
                target = VENDORS + since // attack.renews_days
        if day % 7 == 0:
            full = full_value(amounts)
        amount = random.lognormal(8, 1, REQUESTS).astype(np.int64)
        fakes = _fakes(attack, target, since)
        bidding = _bidding(attack, target, since, amount)
        taken, vendor = matched(random, scoring(books, day), bidding, fakes)
        honest = taken < REQUESTS
        value = np.where(honest, amount[np.minimum(taken, REQUESTS - 1)], full)
        good = random.random(len(taken)) < quality[vendor]
        if attack.small_only:
            good |= (vendor == target) & (value < LARGE)
        share = random.choice(TIERS, len(taken))
        rated = random.random(len(taken)) < RATED
        if fakes is not None:
            good[~honest], share[~honest], rated[~honest] = fakes.good, fakes.share, True
            fakes_won += int(np.count_nonzero(~honest))
        amounts.append(value[honest])
        weak = np.full(len(taken), int(Kind.WEAK))
        books.note(vendor, day, weak, own_words(value, full), np.ones(len(taken), dtype=np.bool_))
        weight = weigh_all(share, value, full)
        books.note(vendor[rated], day, kinds(share, ~honest)[rated], weight[rated], good[rated])
        if attack.silenced and scoring is not posterior:
            rated &= good | (vendor != target) | (random.random(len(taken)) > attack.silenced)
        books.rate(vendor[rated], good[rated])
        won[day] = np.count_nonzero(honest & (vendor == target)), np.count_nonzero(honest)
    spans = ((ATTACK - BEFORE, ATTACK), (ATTACK, OVER), (OVER + PAUSE, OVER + PAUSE + AFTER))
    found = [won[first:last, 0].sum() / won[first:last, 1].sum() for first, last in spans]
    return np.array([*found, fakes_won])


def _fakes(attack: Attack, target: int, since: int) -> Fakes | None:
    if not attack.members or not 0 <= since < DURING:
        return None
    count = attack.members * TOKENS_A_WEEK[attack.tier] // 7
    return Fakes(RIVAL if attack.against else target, count, attack.tier, not attack.against)


def _bidding(attack: Attack, target: int, since: int, amount: I64) -> Mask:
    bidding = np.zeros((REQUESTS, VENDORS + SPARE), dtype=np.bool_)
    bidding[:, :VENDORS] = True
    bidding[:, TARGET] = target == TARGET and not (attack.comes_late and since < 0)
    bidding[:, target] |= target != TARGET
    if attack.small_only and since < 0:
        bidding[:, target] = amount < LARGE
    return bidding


def measure() -> Report:
    """Play every attack under every way of scoring."""
    columns = ("attack", "scoring", "before %", "during %", "after %", "after/before")
    report = Report("reputation", (*columns, "per member", "per token"))
    for name, attack in ATTACKS.items():
        for way, scoring in SCORINGS.items():
            runs = [shares(attack, scoring, seed) for seed in range(SEEDS)]
            before, during, after, fakes = np.mean(runs, axis=0).tolist()
            gain = (after - before) * REQUESTS * AFTER
            ratio = after / before if before else float("nan")
            report.rows.append(
                (
                    *(name, way, 100 * before, 100 * during, 100 * after),
                    ratio if before else "-",
                    gain / attack.members if attack.members else "-",
                    gain / fakes if fakes else "-",
                )
            )
            if way == "posterior" and name not in NO_ATTACKS:
                report.bars.append(Bar(f"{name}, after / before", ratio, 1.05))
    three = score([(0, UNIT, True)] * 3, 0)
    many = score([(0, UNIT, number % 20 > 0) for number in range(300)], 0)
    over = float(many.value - three.value)
    report.bars.append(Bar("300 good ratings over 3 perfect ones", over, 0, at_least=True))
    return report


if __name__ == "__main__":
    run(measure)
