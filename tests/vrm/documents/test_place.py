"""Distances and cells."""

import math

import h3
from hypothesis import given
from hypothesis import strategies as st

from tests.vrm.documents.samples import points
from vrm.documents.place import (
    EARTH_RADIUS_M,
    Point,
    cell_at,
    centre_of,
    distance_m,
    point,
    resolution_of,
)


def test_a_known_distance() -> None:
    """Vienna's Stephansdom to Bratislava's castle by the haversine on the mean sphere."""
    vienna, bratislava = point(48.2085, 16.3735), point(48.1420, 17.1000)
    by_hand = EARTH_RADIUS_M * math.acos(
        math.sin(math.radians(48.2085)) * math.sin(math.radians(48.1420))
        + math.cos(math.radians(48.2085))
        * math.cos(math.radians(48.1420))
        * math.cos(math.radians(17.1 - 16.3735))
    )
    assert abs(distance_m(vienna, bratislava) - by_hand) < 1
    assert 54_000 < distance_m(vienna, bratislava) < 55_000


@given(points, points)
def test_distance_is_symmetric_and_bounded(a: Point, b: Point) -> None:
    assert distance_m(a, b) == distance_m(b, a)
    assert 0 <= distance_m(a, b) <= round(math.pi * EARTH_RADIUS_M)
    assert distance_m(a, a) == 0


def test_antipodes_are_half_the_world_apart() -> None:
    assert distance_m(point(0, 0), point(0, 180)) == round(math.pi * EARTH_RADIUS_M)
    assert distance_m(point(90, 0), point(-90, 12)) == round(math.pi * EARTH_RADIUS_M)


@given(points, st.integers(0, 15))
def test_a_cells_centre_lies_in_the_cell(where: Point, resolution: int) -> None:
    cell = cell_at(where, resolution)
    assert resolution_of(cell) == resolution
    centre = centre_of(cell)
    if resolution <= 12:  # finer cells are smaller than a millionth of a degree's rounding can show
        assert cell_at(centre, resolution) == cell


def test_a_cell_chosen_directly_is_not_always_its_childs_parent() -> None:
    """Why cells are chosen directly: near an edge the parent of the fine cell is another one."""
    differing = 0
    for step in range(2000):
        where = point(41.5 + step * 0.0003, -87.5 - step * 0.0002)
        differing += h3.cell_to_parent(cell_at(where, 9), 6) != cell_at(where, 6)
    assert differing > 0
