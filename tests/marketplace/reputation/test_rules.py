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
    AGE_TABLE,
    AGE_UNIT,
    FULL_VALUE_MINIMUM,
    HALF_LIFE_DAYS,
    NEW_RATERS_CAP,
    PRIOR_WITHOUT_HISTORY,
    UNIT,
    Score,
    age_weight,
    capped,
    prior_share,
    score,
    share_of,
    tally,
    weigh,
)

TODAY = 20_779


class One(NamedTuple):
    """A piece of evidence."""

    vendor: int
    day: int
    fresh: bool
    weight: int
    good: bool


pieces = st.lists(
    st.builds(
        One,
        st.integers(0, 3),
        st.integers(TODAY - 900, TODAY),
        st.booleans(),
        st.integers(1, UNIT),
        st.booleans(),
    ),
    max_size=120,
)


def plainly(evidence: list[One], vendor: int) -> Score:
    """A vendor's score, piece by piece, as `rules` tells it."""
    own = [one for one in evidence if one.vendor == vendor]
    known = [one[1:2] + one[3:] for one in own if not one.fresh]
    fresh = capped([one[1:2] + one[3:] for one in own if one.fresh])
    prior = prior_share(tally([one[1:2] + one[3:] for one in evidence], TODAY))
    return score([*known, *fresh], TODAY, prior)


def in_columns(evidence: list[One]) -> list[Score]:
    """All vendors' scores, by their sums by day."""
    vendor, day, fresh, weight, good = (
        np.array([one[at] for one in evidence], dtype=kind)
        for at, kind in enumerate(("i8", "i8", "?", "i8", "?"))
    )
    sums = day_sums(vendor, day, fresh, weight, good)
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


def test_a_flood_of_praise_by_new_customers_weighs_no_more_than_the_cap() -> None:
    flood = capped([(TODAY, 500, True)] * 1000 + [(TODAY, 500, False)] * 250)
    assert sum(weight for _, weight, _ in flood) == NEW_RATERS_CAP
    assert {good: weight for _, weight, good in flood} == {True: 800, False: 200}


def test_praise_by_new_customers_is_taken_as_it_is_below_the_cap() -> None:
    assert capped([(TODAY, 500, True), (TODAY, 500, True)]) == [(TODAY, 1000, True)]


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
    assert (share_of(None, good=True), share_of(None, good=False)) == (250, 1000)


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
