"""Pure decisions of the board."""

import math
from typing import NamedTuple

from vrm.documents.place import EARTH_RADIUS_M, Point


class Box(NamedTuple):
    """A range of latitudes, and one or two ranges of longitudes (millionths of a degree)."""

    south: int
    north: int
    spans: tuple[tuple[int, int], ...]


def box_around(centre: Point, radius_m: int) -> Box:
    """A box that holds every point within a great-circle distance, and little more.

    It crosses the date line as two spans, and is all longitudes round a pole.
    """
    angle = radius_m / EARTH_RADIUS_M + 1e-7
    latitude = math.radians(centre.lat_e6 / 1e6)
    south, north = latitude - angle, latitude + angle
    low, high = (max(-90.0, math.degrees(south)), min(90.0, math.degrees(north)))
    ends = (math.floor(low * 1e6), math.ceil(high * 1e6))
    if north >= math.pi / 2 or south <= -math.pi / 2:
        return Box(*ends, ((-180_000_000, 180_000_000),))
    half = math.ceil(math.degrees(math.asin(math.sin(angle) / math.cos(latitude))) * 1e6)
    west, east = centre.lng_e6 - half, centre.lng_e6 + half
    if west < -180_000_000:
        return Box(*ends, ((west + 360_000_000, 180_000_000), (-180_000_000, east)))
    if east > 180_000_000:
        return Box(*ends, ((west, 180_000_000), (-180_000_000, east - 360_000_000)))
    return Box(*ends, ((west, east),))
