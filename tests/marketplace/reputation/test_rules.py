"""The mathematics of reputation, and that all ways to compute it give the same integers."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.reputation.columns import (
    age_weights,
    day_sums,
    full_values,
    market_tally,
    tallies,
    weights,
)
from marketplace.reputation.rules import (
    AGAINST,
    AGE_TABLE,
    AGE_UNIT,
    FIRM_CAP,
    FULL_VALUE_MINIMUM,
    HALF_LIFE_DAYS,
    OWN_WORD,
    PRIOR_STRENGTH,
    PRIOR_WITHOUT_HISTORY,
    UNIT,
    WEAK_FLOOR,
    Kind,
    Score,
    Tally,
    age_weight,
    capped,
    is_directed,
    kind_of,
    of_market,
    prior_share,
    score,
    share_of,
    tally,
    weak_cap,
    weigh,
)
from vrm.documents.membership import Tier
from vrm.documents.scalars import Policy

TODAY = 20_779


class One(NamedTuple):
    """A piece of evidence."""

    vendor: int
    day: int
    kind: Kind
    weight: int
    good: bool


pieces = st.lists(
    st.builds(
        One,
        st.integers(0, 3),
        st.integers(TODAY - 900, TODAY),
        st.sampled_from(Kind),
        st.integers(1, UNIT),
        st.booleans(),
    ),
    max_size=120,
)


def plainly(evidence: list[One], vendor: int) -> Score:
    """A vendor's score, piece by piece, as `rules` tells it."""
    own = capped((one.kind, one[1:2] + one[3:]) for one in evidence if one.vendor == vendor)
    of_kinds = (
        tally([one[1:2] + one[3:] for one in evidence if one.kind is kind], TODAY) for kind in Kind
    )
    return score(own, TODAY, prior_share(of_market(*of_kinds)))


def in_columns(evidence: list[One]) -> list[Score]:
    """All vendors' scores, by their sums by day."""
    vendor, day, kind, weight, good = (
        np.array([one[at] for one in evidence], dtype=dtype)
        for at, dtype in enumerate(("i8", "i8", "i8", "i8", "?"))
    )
    sums = day_sums(vendor, day, kind, weight, good)
    prior = prior_share(market_tally(sums, TODAY))
    return [Score(own, prior) for own in tallies(sums, 4, TODAY)]


@given(pieces)
def test_sums_by_day_and_all_pieces_agree_exactly(evidence: list[One]) -> None:
    for vendor, found in enumerate(in_columns(evidence)):
        right = plainly(evidence, vendor)
        assert (found.value, found.band) == (right.value, right.band)


@given(pieces, st.randoms())
def test_the_order_of_evidence_does_not_matter(evidence: list[One], random) -> None:  # type: ignore[no-untyped-def]
    before = [one.value for one in in_columns(evidence)]
    random.shuffle(evidence)
    assert [one.value for one in in_columns(evidence)] == before


@given(pieces)
def test_a_score_lies_between_its_ends_and_good_evidence_never_lowers_it(
    evidence: list[One],
) -> None:
    known = [one[1:2] + one[3:] for one in evidence]
    before = score(known, TODAY)
    assert 0 <= before.value <= 1
    assert 0 <= before.band <= 20
    assert score([*known, (TODAY, UNIT, True)], TODAY).value >= before.value
    assert score([*known, (TODAY, UNIT, False)], TODAY).value <= before.value


@given(st.integers(-3, 20_000))
def test_age_in_columns(age: int) -> None:
    assert age_weights(np.array([age]))[0] == age_weight(age)


def test_evidence_halves_in_its_half_life() -> None:
    assert AGE_TABLE[0] == AGE_UNIT == 65_536
    assert AGE_TABLE[90] == 46_340  # 65536 / sqrt 2, rounded down
    assert AGE_TABLE[1] == 65_284
    assert [age_weight(HALF_LIFE_DAYS * times) for times in (1, 2, 16, 17)] == [
        32_768,
        16_384,
        1,
        0,
    ]
    assert list(AGE_TABLE) == sorted(AGE_TABLE, reverse=True)


def test_the_prior() -> None:
    assert Fraction(80, 100) == PRIOR_WITHOUT_HISTORY
    assert score((), TODAY).band == 16
    poor = prior_share(tally([(TODAY, UNIT, False)] * 10_000, TODAY))
    assert poor == 0


def test_three_perfect_outcomes_do_not_outrank_three_hundred_good_ones() -> None:
    three = score([(TODAY, UNIT, True)] * 3, TODAY)
    many = score([(TODAY, UNIT, number % 20 > 0) for number in range(300)], TODAY)
    assert many.value > three.value


def weights_of(evidence: list[tuple[Kind, tuple[int, int, bool]]]) -> dict[bool, int]:
    found = {True: 0, False: 0}
    for _, weight, good in capped(evidence):
        found[good] += weight
    return found


def test_a_flood_of_praise_that_anybody_can_make_weighs_no_more_than_its_cap() -> None:
    flood = [(Kind.WEAK, (TODAY, 500, number % 5 > 0)) for number in range(10_000)]
    assert weights_of(flood) == {True: WEAK_FLOOR * 4 // 5, False: WEAK_FLOOR // 5}
    firm = [(Kind.FIRM, (TODAY, UNIT, False))] * 2
    assert weights_of([*flood, *firm]) == {
        True: weak_cap(2 * UNIT) * 4 // 5,
        False: weak_cap(2 * UNIT) // 5 + 2 * UNIT,
    }


def test_no_week_of_bought_praise_weighs_more_than_a_week() -> None:
    bought = [(Kind.FIRM, (TODAY, UNIT, True))] * 1000
    assert weights_of(bought) == {True: FIRM_CAP, False: 0}


def test_praise_does_not_drown_a_vendor_s_own_failings() -> None:
    failings = [(Kind.FAILING, (TODAY, UNIT, False))] * 20
    praise = [(Kind.WEAK, (TODAY, UNIT, True))] * 10_000
    assert weights_of([*failings, *praise]) == {True: WEAK_FLOOR, False: 20 * UNIT}
    # Many orders have many failings; they keep their share.
    many = [(Kind.FIRM, (TODAY, UNIT, True))] * 180
    assert weights_of([*failings, *many]) == {True: FIRM_CAP, False: FIRM_CAP // 9}


def test_words_below_the_caps_count_as_they_are() -> None:
    words = [(Kind.WEAK, (TODAY, 30, True)), (Kind.FIRM, (TODAY, 800, False))]
    assert capped(words) == [(TODAY, 30, True), (TODAY, 800, False)]


def test_a_flood_of_complaints_moves_the_prior_no_more_than_the_prior_weighs() -> None:
    firm = Tally(good=80 * UNIT * AGE_UNIT, bad=20 * UNIT * AGE_UNIT)
    flood = of_market(Tally(bad=10_000 * UNIT * AGE_UNIT), firm, Tally())
    assert flood.bad - firm.bad == PRIOR_STRENGTH
    assert prior_share(firm) - prior_share(flood) < Fraction(6, 100)


def test_a_market_whose_vendors_mostly_answer_well_is_not_taken_for_a_bad_one() -> None:
    accepted = Tally(good=200 * OWN_WORD * AGE_UNIT)
    declined = Tally(bad=18 * AGAINST * AGE_UNIT)
    assert Fraction(80, 100) < prior_share(of_market(accepted, Tally(), declined)) < Fraction(9, 10)


@pytest.mark.parametrize(
    ("policy", "eligible", "is_preferred", "directed"),
    [
        ("best-nearby", 2, False, False),
        ("best-value", 10, False, False),
        ("best-nearby", 10, True, True),
        ("best-value", 1, False, True),
        ("nearest", 10, False, True),
        ("lowest-price", 10, False, True),
    ],
)
def test_an_order_is_directed_where_standing_does_not_decide(
    policy: Policy, eligible: int, is_preferred: bool, directed: bool
) -> None:
    assert is_directed(policy, eligible, is_preferred=is_preferred) is directed


@pytest.mark.parametrize(
    ("tier", "good", "directed", "kind"),
    [
        (None, True, False, Kind.WEAK),
        (None, False, False, Kind.FAILING),
        ("new", False, False, Kind.WEAK),
        ("known", True, False, Kind.FIRM),
        ("trusted", False, True, Kind.WEAK),
    ],
)
def test_kinds_of_words(tier: Tier | None, good: bool, directed: bool, kind: Kind) -> None:
    assert kind_of(tier, good=good, directed=directed) is kind


@pytest.mark.parametrize(
    ("amount", "full", "weight"),
    [
        (100, 1000, 50),
        (1000, 1000, 500),
        (9000, 1000, 500),
        (0, 1000, 1),
        (7, None, 500),
        (5, 0, 1),
    ],
)
def test_a_small_order_weighs_little(amount: int, full: int | None, weight: int) -> None:
    assert weigh(share_of("new", good=True), amount, full) == weight


def test_a_vendor_s_word_for_itself_weighs_less_than_that_against_itself() -> None:
    assert (share_of(None, good=True), share_of(None, good=False)) == (25, 1000)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(TODAY - 40, TODAY), st.integers(0, 500)),
        max_size=120,
    )
)
def test_full_values_in_columns(evidence: list[tuple[int, int, int]]) -> None:
    columns = [np.array([one[at] for one in evidence], dtype=np.int64) for at in range(3)]
    found = full_values(*columns)
    for at, (category, day, _) in enumerate(evidence):
        until = day - day % 7 - 2
        known = sorted(
            amount for other, when, amount in evidence if other == category and when <= until
        )
        enough = len(known) >= FULL_VALUE_MINIMUM
        right = known[-(-len(known) * 9 // 10) - 1] if enough else 0
        assert found[at] == right
    share = np.full(len(evidence), 800, dtype=np.int64)
    right_weights = [
        weigh(800, amount, int(full) or None)
        for (_, _, amount), full in zip(evidence, found, strict=True)
    ]
    assert weights(share, columns[2], found).tolist() == right_weights
