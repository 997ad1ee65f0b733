"""Who is near, against a search through all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.replay.nearby import Neighbourhood, Pool, between, unit_vectors
from marketplace.replay.points import Sites, sites
from tests.marketplace.replay.country import country, degrees
from vrm.documents.place import Point, distance_m

POINTS = st.builds(
    Point, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
)


def all_distances(order: Point, sellers: Sites) -> list[int]:
    return [distance_m(order, at) for at in degrees(sellers)]


def of_place(pool: Pool, place: int) -> dict[int, int]:
    rows = slice(int(pool.first[place]), int(pool.first[place] + pool.count[place]))
    found = dict(zip(pool.seller[rows].tolist(), pool.metres[rows].tolist(), strict=True))
    assert len(found) == pool.count[place]
    return found


@given(POINTS, POINTS)
def test_distance_is_that_of_documents(a: Point, b: Point) -> None:
    found = between(
        unit_vectors(sites("order", [("", a)])), unit_vectors(sites("order", [("", b)]))
    )
    assert abs(int(found[0]) - distance_m(a, b)) <= 1


def test_nearest_is_the_nearest_of_all() -> None:
    orders, sellers = country()
    away, there = Neighbourhood(sellers).nearest(unit_vectors(orders))
    for row, at in enumerate(degrees(orders)):
        distances = all_distances(at, sellers)
        assert away[row] == min(distances)
        assert of_place(there, row) == {
            n: d for n, d in enumerate(distances) if d == min(distances)
        }


@pytest.mark.parametrize("radius_m", [0, 5_000, 60_000, 20_016_000])
@pytest.mark.parametrize("among", [1, 7, 1000])
def test_within_is_the_nearest_with_all_who_stand_at_the_last_point(
    radius_m: int, among: int
) -> None:
    orders, sellers = country()
    pool = Neighbourhood(sellers).within(unit_vectors(orders), radius_m, among)
    for row, at in enumerate(degrees(orders)):
        near = {n: d for n, d in enumerate(all_distances(at, sellers)) if d <= radius_m}
        assert of_place(pool, row) == {
            n: d for n, d in near.items() if sum(other < d for other in near.values()) < among
        }


def test_points_across_the_date_line_are_near() -> None:
    west, east = Point(0, -179_999_000), Point(0, 179_999_000)
    near = Neighbourhood(sites("seller", [("east", east), ("far", Point(0, 0))]))
    pool = near.within(unit_vectors(sites("order", [("west", west)])), 1000, 5)
    assert pool.metres.tolist() == [distance_m(west, east)]
    assert np.all(pool.metres < 300)
