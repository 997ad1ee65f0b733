"""What a report of unfilled demand tells, and what can never be got out of it."""

from collections import Counter

import h3
from hypothesis import given
from hypothesis import strategies as st

from marketplace.demand.rules import OTHER, Group, area_of, counted, told
from vrm.documents import DemandBounds
from vrm.documents.place import cell_at, centre_of, point, resolution_of

minimums = st.integers(2, 12)
counts = st.dictionaries(
    st.tuples(st.sampled_from(["baby", "books", "other"]), st.sampled_from("abcdefgh")),
    st.integers(1, 15),
    max_size=24,
)


@given(counts, minimums)
def test_no_group_is_smaller_than_k(counts: dict[Group, int], minimum: int) -> None:
    assert all(requests >= minimum for requests in told(counts, minimum).values())


@given(counts, minimums)
def test_the_total_less_what_is_told_reveals_nobody(counts: dict[Group, int], minimum: int) -> None:
    """The run's report tells the total: what is told is all of it, or nothing where all are fewer than k."""
    total, shown = sum(counts.values()), sum(told(counts, minimum).values())
    assert shown == (total if total >= minimum else 0)


@given(counts, minimums)
def test_what_is_told_is_true(counts: dict[Group, int], minimum: int) -> None:
    small: Counter[str] = Counter()
    for (category, _), requests in counts.items():
        small[category] += requests if requests < minimum else 0
    for (category, area), requests in told(counts, minimum).items():
        if area:
            assert requests == counts[category, area]
        elif category:
            assert requests == small[category]


@given(counts, minimums)
def test_two_markets_that_differ_in_one_small_group_tell_it_of_no_group_alone(
    counts: dict[Group, int], minimum: int
) -> None:
    """A group under k shows only inside one that is at least k, whatever else is known."""
    small = [group for group, requests in counts.items() if requests < minimum]
    for group in small:
        assert group not in told(counts, minimum)


def test_the_order_in_which_what_is_left_is_merged() -> None:
    assert told({("baby", "a"): 5, ("baby", "b"): 3, ("baby", "c"): 2}, 5) == {
        ("baby", "a"): 5,
        ("baby", ""): 5,
    }
    assert told({("baby", "a"): 9, ("baby", "b"): 3, ("books", "b"): 2}, 5) == {
        ("baby", "a"): 9,
        OTHER: 5,
    }
    # Three left alone would be told by subtraction; the smallest group keeps them company.
    assert told({("baby", "a"): 9, ("baby", "b"): 6, ("books", "b"): 3}, 5) == {
        ("baby", "a"): 9,
        OTHER: 9,
    }
    assert told({("baby", "a"): 4}, 5) == {}
    assert told({}, 5) == {}


def test_an_area_is_never_finer_than_the_request_says() -> None:
    bounds = DemandBounds(minimum=2, resolution=5)
    here = point(48.2082, 16.3738)
    assert area_of(cell_at(here, 4), bounds) == cell_at(here, 4)
    assert resolution_of(area_of(cell_at(here, 7), bounds)) == 5


@given(
    st.builds(point, st.floats(-80, 80), st.floats(-179, 179)),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_an_area_holds_the_centre_of_the_cell(
    where: tuple[int, int], own: int, told_at: int
) -> None:
    """An H3 parent need not: it does not contain the whole area of its children."""
    cell = cell_at(where, own)  # type: ignore[arg-type]
    area = area_of(cell, DemandBounds(minimum=2, resolution=told_at))
    assert area == cell_at(centre_of(cell), min(own, told_at))
    assert h3.get_resolution(area) <= own


def test_areas_are_counted_together() -> None:
    bounds = DemandBounds(minimum=2, resolution=4)
    near = [cell_at(point(48.2082 + n / 1000, 16.3738), 7) for n in range(40)]
    found = counted([("baby", cell) for cell in near] + [("books", near[0])], bounds)
    assert sum(found.values()) == 41
    assert len(found) < 6
