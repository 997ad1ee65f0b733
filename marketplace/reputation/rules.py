"""The mathematics of reputation, exact in integers.

**Score.** A vendor's score is the mean of a Beta posterior over its chance of serving an order well. With good
weight g and bad weight b of its own evidence, as it weighs today, and a prior of share p and strength n = 8,

    score = (g + n p) / (g + b + n).

The *band* is the score in steps of 0.05, by integer division, so that noise does not decide.

**Prior.** Its share p is the market's own share of good outcomes less a margin of 0.05, so that a vendor
without history ranks a little below the market, three perfect outcomes do not outrank three hundred good ones,
and a fresh start does not pay. The market's share begins at `SHARE_WITHOUT_HISTORY`, with the strength of as
many observations as the prior has, so that the first vendor who fails does not take every other one down with
it.

**Weight.** A piece of evidence weighs, in thousandths of one full observation, when it is recorded,

    share * min(amount, full) // full, and 1 at least:

* ``share`` is that of whose word it is: a customer's by its tier (`RATER_SHARES`), the vendor's own (`OWN_WORD`
  where it speaks for itself, `AGAINST` where it does not);
* ``full`` is the value from which orders of the category weigh alike: the 90th percentile of the amounts of all
  evidence in the category dated at least two days before the epoch began (of `FULL_VALUE_MINIMUM` pieces at
  least; below that all amounts weigh alike). So standing that was built on small orders is worth little on
  large ones.

Epochs are weeks, counted from 1970-01-01.

**Kinds.** Whoever buys from themselves can praise without end, and no rule can tell such praise from any other
by its words. So it counts by how hard it is to make, and of each vendor only so much in an epoch:

* *weak* is what a vendor can make by itself: its word for itself, the word of `new` customers, and anybody's of
  an order that was *directed* (`is_directed`): its customer's Preference or a policy that does not begin with
  the band decided, or there was no other bid to take;
* *firm* is the word of other customers of an order that the market gave, by what vendors stand for;
* *failing* is a vendor's word or silence against itself, which nobody else can make.

With firm weights that add up to F in an epoch, every firm and every failing sum s of it counts as
``s * FIRM_CAP // max(FIRM_CAP, F)``. With weak weights that add up to W, every weak sum counts as
``s * C // max(C, W)``, where ``C = WEAK_FLOOR + min(F, FIRM_CAP) * WEAK_PART // UNIT``. So good and bad keep
their shares, and a week of bought praise is at most a week's part of a record. The market's own share counts
all that is firm, and of the rest as much as the prior weighs. There a failing piece weighs as a vendor's word
for itself does: of two words of one kind neither is the rule because it weighs more.

**Age.** On day t a day's sum of day d weighs ``sum * age_weight(t - d)``: halved in 180 days, of an integer
table in steps of 2^-16. It is a product and not a quotient, so that sums by day and sums over all pieces agree
exactly.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Final, NamedTuple

from vrm.documents.membership import Tier
from vrm.documents.reputation import ReputationRules
from vrm.documents.scalars import Policy

UNIT: Final = 1000
"""The weight of one full observation, when it is recorded."""

HALF_LIFE_DAYS: Final = 180
AGE_BITS: Final = 16
AGE_UNIT: Final = 1 << AGE_BITS
"""The factor of today's evidence."""

PRIOR_OBSERVATIONS: Final = 8
PRIOR_STRENGTH: Final = PRIOR_OBSERVATIONS * UNIT * AGE_UNIT
PRIOR_MARGIN: Final = Fraction(5, 100)
SHARE_WITHOUT_HISTORY: Final = Fraction(85, 100)
BANDS: Final = 20

RATER_SHARES: Final[dict[Tier, int]] = {"new": 500, "known": 800, "trusted": 1000}
OWN_WORD: Final = 25
AGAINST: Final = 1000
EPOCH_DAYS: Final = 7
FIRM_CAP: Final = 2 * UNIT
WEAK_FLOOR: Final = 50
WEAK_PART: Final = 25
"""Of the firm weight that counts, in thousandths."""
DIRECTED_BELOW: Final = 2
"""An order with fewer eligible bids is directed."""
BY_BAND: Final[frozenset[Policy]] = frozenset({"best-nearby", "best-value"})
"""The policies that begin with the band."""
FULL_VALUE_MINIMUM: Final = 20
FULL_VALUE_PERCENT: Final = 90
FULL_VALUE_AGE: Final = 2
"""Days before its epoch by which a piece must be dated to count in a full value: by then all are stored."""

Evidence = tuple[int, int, bool]
"""The day that it is of, its weight when it was recorded, and whether it speaks for the vendor."""


class Kind(IntEnum):
    """How hard evidence is to make."""

    WEAK = 0
    FIRM = 1
    FAILING = 2


def _root(power: int, degree: int) -> int:
    """The largest integer whose power of a degree is at most ``power``."""
    low, high = 0, 1 << (power.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**degree <= power:
            low = middle
        else:
            high = middle - 1
    return low


AGE_TABLE: Final = tuple(
    _root(1 << (AGE_BITS * HALF_LIFE_DAYS - age), HALF_LIFE_DAYS) for age in range(HALF_LIFE_DAYS)
)
"""2^(16 - age/180), rounded down, for each age below the half-life."""


def age_weight(age: int) -> int:
    """The factor of evidence that is so many days old; what is not a day old yet weighs in full."""
    halvings, rest = divmod(max(age, 0), HALF_LIFE_DAYS)
    return AGE_TABLE[rest] >> halvings


class Tally(NamedTuple):
    """Evidence added up as it weighs on a day, in thousandths times `AGE_UNIT`, and its pieces."""

    good: int = 0
    bad: int = 0
    good_pieces: int = 0
    bad_pieces: int = 0

    @property
    def pieces(self) -> int:
        return self.good_pieces + self.bad_pieces


def of_market(weak: Tally, firm: Tally, failing: Tally) -> Tally:
    """A market's evidence as it counts in the market's own share, out of that of each kind."""
    good = weak.good + failing.good * OWN_WORD // AGAINST
    bad = weak.bad + failing.bad * OWN_WORD // AGAINST
    whole = max(PRIOR_STRENGTH, good + bad)
    return Tally(
        firm.good + good * PRIOR_STRENGTH // whole,
        firm.bad + bad * PRIOR_STRENGTH // whole,
        sum(kind.good_pieces for kind in (weak, firm, failing)),
        sum(kind.bad_pieces for kind in (weak, firm, failing)),
    )


def prior_share(market: Tally) -> Fraction:
    """The share of good outcomes that a vendor without evidence is taken to have."""
    good = market.good + PRIOR_STRENGTH * SHARE_WITHOUT_HISTORY
    share = good / (market.good + market.bad + PRIOR_STRENGTH)
    return max(Fraction(0), share - PRIOR_MARGIN)


PRIOR_WITHOUT_HISTORY: Final = prior_share(Tally())


@dataclass(frozen=True, slots=True)
class Score:
    """A posterior, from a vendor's own evidence and the prior's share."""

    own: Tally
    prior: Fraction = PRIOR_WITHOUT_HISTORY

    @property
    def value(self) -> Fraction:
        """The posterior mean, from 0 to 1."""
        own = self.own
        return (own.good + PRIOR_STRENGTH * self.prior) / (own.good + own.bad + PRIOR_STRENGTH)

    @property
    def band(self) -> int:
        """The step of 0.05 that the mean lies in: 0 to 20."""
        return int(self.value * BANDS)


def score(
    evidence: Iterable[Evidence], today: int, prior: Fraction = PRIOR_WITHOUT_HISTORY
) -> Score:
    """Score whoever some evidence is about, on a day.

    It stands alone, and can be tried on any ratings: days are integers, a full observation weighs `UNIT`. The
    order of the evidence does not matter.
    """
    return Score(tally(evidence, today), prior)


def tally(evidence: Iterable[Evidence], today: int) -> Tally:
    """Add evidence up as it weighs on a day."""
    weights, pieces = [0, 0], [0, 0]
    for day, weight, good in evidence:
        weights[good] += weight * age_weight(today - day)
        pieces[good] += 1
    return Tally(weights[True], weights[False], pieces[True], pieces[False])


def epoch_of(day: int) -> int:
    """The first day of the epoch that a day is in; both count from 1970."""
    return day - day % EPOCH_DAYS


def capped(evidence: Iterable[tuple[Kind, Evidence]]) -> list[Evidence]:
    """One vendor's evidence as it counts: a sum for each day and kind, good or bad."""
    sums: dict[tuple[Kind, int, bool], int] = defaultdict(int)
    epochs: dict[tuple[Kind, int], int] = defaultdict(int)
    for kind, (day, weight, good) in evidence:
        sums[kind, day, good] += weight
        epochs[kind, epoch_of(day)] += weight
    found = []
    for (kind, day, good), weight in sums.items():
        firm, weak = (epochs[one, epoch_of(day)] for one in (Kind.FIRM, Kind.WEAK))
        cap, whole = (weak_cap(firm), weak) if kind is Kind.WEAK else (FIRM_CAP, firm)
        found.append((day, weight * cap // max(cap, whole), good))
    return found


def weak_cap(firm: int) -> int:
    """How much weak weight counts in an epoch that has so much firm weight."""
    return WEAK_FLOOR + min(firm, FIRM_CAP) * WEAK_PART // UNIT


def is_directed(policy: Policy, eligible: int, *, is_preferred: bool) -> bool:
    """Whether an assignment's customer, and not what vendors stand for, decided to whom it went.

    Args:
        policy: the request's.
        eligible: how many bids on it were eligible.
        is_preferred: a Preference of its customer counted.
    """
    return is_preferred or policy not in BY_BAND or eligible < DIRECTED_BELOW


def kind_of(tier: Tier | None, *, good: bool, directed: bool) -> Kind:
    """How hard it is to make a customer's word, by its tier, or the vendor's own where there is none."""
    if tier is None:
        return Kind.WEAK if good else Kind.FAILING
    return Kind.WEAK if directed or tier == "new" else Kind.FIRM


def share_of(tier: Tier | None, *, good: bool) -> int:
    """What a word counts, in thousandths: a customer's by its tier, the vendor's own where there is none."""
    if tier is not None:
        return RATER_SHARES[tier]
    return OWN_WORD if good else AGAINST


def weigh(share: int, amount: int, full: int | None) -> int:
    """The weight of a piece of evidence about an order, when it is recorded.

    Args:
        share: see `share_of`.
        amount: the order's value, in minor units.
        full: the category's full value; none where it has too little history.
    """
    if full is None:
        return share
    return max(1, share * min(amount, full) // max(1, full))


def stated() -> ReputationRules:
    """These rules as the descriptor states them."""
    return ReputationRules(
        bands=BANDS,
        prior_observations=PRIOR_OBSERVATIONS,
        prior_margin=int(PRIOR_MARGIN * UNIT),
        share_without_history=int(SHARE_WITHOUT_HISTORY * UNIT),
        half_life_days=HALF_LIFE_DAYS,
        rater_shares=RATER_SHARES,
        own_word=OWN_WORD,
        epoch_days=EPOCH_DAYS,
        firm_cap=FIRM_CAP,
        weak_floor=WEAK_FLOOR,
        weak_part=WEAK_PART,
        directed_below=DIRECTED_BELOW,
        full_value_percent=FULL_VALUE_PERCENT,
        full_value_minimum=FULL_VALUE_MINIMUM,
    )


def sentence(found: Score, interval: tuple[float, float]) -> str:
    """Explain a score in words."""
    own, prior = found.own, float(found.prior)
    if not own.pieces:
        return f"No evidence yet: the market's prior of {prior:.2f}."
    good, bad = (weight / (UNIT * AGE_UNIT) for weight in (own.good, own.bad))
    low, high = interval
    return (
        f"{float(found.value):.2f} (nine times in ten between {low:.2f} and {high:.2f}) from {own.pieces} "
        f"pieces of evidence: {own.good_pieces} for it, which weigh {good:.1f} full observations today, and "
        f"{own.bad_pieces} against it, which weigh {bad:.1f}; over a prior of {prior:.2f} with the strength "
        f"of {PRIOR_OBSERVATIONS}."
    )
