"""Sums, against values worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest

from marketplace.replay.figures import distances, figures, gini, loads
from marketplace.replay.plan import Plan
from marketplace.replay.simulate import Dealt, play
from tests.marketplace.replay.country import country


def test_distances_of_ten_orders() -> None:
    found = distances(np.array([-1, *range(0, 10_000, 1_000), -1], dtype=np.int32))
    assert (found.served, found.median_m, found.p90_m, found.mean_m) == (10, 4_000, 8_000, 4_500)


def test_a_limit_is_within_itself() -> None:
    found = distances(np.array([10_000, 10_001, 50_000, 200_000, 200_001], dtype=np.int32))
    assert found.within_km == {"10": 1, "50": 3, "200": 4}


def test_nobody_served_has_no_median() -> None:
    found = distances(np.array([-1, -1], dtype=np.int32))
    assert (found.served, found.median_m, found.p90_m, found.mean_m) == (0, None, None, None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5, 5, 5, 5], Fraction(0)),
        ([0, 0, 0, 4], Fraction(3, 4)),
        ([0, 0, 0, 0], Fraction(0)),
        ([1, 2, 3], Fraction(2, 9)),
        ([7], Fraction(0)),
    ],
)
def test_gini(values: list[int], expected: Fraction) -> None:
    assert gini(np.array(values)) == expected


def test_loads_count_sellers_without_orders() -> None:
    dealt = Dealt(np.array([2, -1, 2, 0], np.int32), np.array([1, -1, 1, 1], np.int32))
    assert loads(dealt, 4).tolist() == [0, 0, 1, 2]


def test_every_order_is_served_or_unfilled_for_a_reason() -> None:
    orders, sellers = country()
    found = figures(play(orders, sellers, Plan(capacity=2)), len(sellers), Plan(capacity=2))
    assert found.served + sum(found.unfilled.values()) == found.orders == len(orders)
    assert found.distance["resolver"] == found.distance_of_served["resolver"]
    assert found.distance_of_served["random"].served == found.served
    assert found.first_choice <= found.served <= found.capacity
