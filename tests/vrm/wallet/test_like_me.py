"""Ratings weighed by what they share with the owner."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from vrm.wallet.like_me import Opinion, weigh

ME = {"age": "30s", "household": "a family"}

facets = st.dictionaries(
    st.sampled_from(["age", "household"]), st.sampled_from(["30s", "a family", "x"])
)
opinions = st.lists(st.builds(Opinion, st.integers(1, 5), facets), min_size=1, max_size=12)


def test_people_like_me_count_more() -> None:
    family = [Opinion(2, ME)] * 2
    others = [Opinion(5, {"age": "60s", "household": "one person"})] * 8
    found = weigh([*family, *others], ME)
    assert found is not None
    assert found.mean == Fraction(44, 10)
    assert found.weighed < Fraction(25, 10)
    assert found.alike == {0: 8, 2: 2}


def test_nobody_has_rated() -> None:
    assert weigh([], ME) is None


@given(opinions)
def test_without_facets_of_ones_own_it_is_the_mean(said: list[Opinion]) -> None:
    found = weigh(said, {})
    assert found is not None
    assert found.weighed == found.mean


@given(opinions)
def test_it_stays_between_the_worst_and_the_best(said: list[Opinion]) -> None:
    found = weigh(said, ME)
    assert found is not None
    stars = [one.stars for one in said]
    assert min(stars) <= found.weighed <= max(stars)
    assert sum(found.alike.values()) == found.ratings == len(said)
