"""Places on the earth: coarse cells for customers, points for vendors, whole metres between them."""

import math
from typing import NamedTuple

import h3

from vrm.errors import InvalidDocument

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius R1 of the WGS 84 ellipsoid (IUGG)."""

RADII_M = tuple(km * 1000 for km in (1, 2, 5, 10, 15, 20, 25, 50, 100, 200, 500))
"""How far a request may say that its author goes: one of a few, since 8317 m would be one customer's alone."""


class Point(NamedTuple):
    """A point in millionths of a degree (WGS 84)."""

    lat_e6: int
    lng_e6: int


def point(lat: float, lng: float) -> Point:
    """Round degrees to a `Point`."""
    return Point(round(lat * 1e6), round(lng * 1e6))


def cell_at(where: Point, resolution: int) -> str:
    """Choose the H3 cell of a point directly at a resolution.

    Never through a parent: an H3 parent does not contain the whole area of its children.
    """
    return str(h3.latlng_to_cell(where.lat_e6 / 1e6, where.lng_e6 / 1e6, resolution))


def resolution_of(cell: str) -> int:
    """Tell a cell's resolution.

    Raises:
        InvalidDocument: when the text is no H3 cell.
    """
    if not h3.is_valid_cell(cell):
        raise InvalidDocument("not-a-cell", f"{cell} is not an H3 cell.", "area.cell")
    return int(h3.get_resolution(cell))


def centre_of(cell: str) -> Point:
    """Tell a cell's centre."""
    return point(*h3.cell_to_latlng(cell))


def distance_m(a: Point, b: Point) -> int:
    """Measure the great-circle distance in whole metres (haversine on the mean sphere, within 0.6 %)."""
    lat_a, lat_b = math.radians(a.lat_e6 / 1e6), math.radians(b.lat_e6 / 1e6)
    half_lng = math.radians((b.lng_e6 - a.lng_e6) / 1e6) / 2
    half_lat = (lat_b - lat_a) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lng) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h))))
