"""A made-up country: towns of different sizes, sellers mostly in the large ones, orders everywhere."""

import numpy as np

from marketplace.replay.points import Sites, sites
from vrm.documents.place import Point

TOWNS = ((48_200_000, 16_370_000), (47_070_000, 15_440_000), (47_270_000, 11_400_000))


def country(orders: int = 300, sellers: int = 40, seed: int = 1) -> tuple[Sites, Sites]:
    """Orders and sellers, many at one point with others, but no two points equally far from a third."""
    random = np.random.default_rng(seed)
    return (
        sites("order", _scattered(random, orders, (0.5, 0.3, 0.2), 20_011)),
        sites("seller", _scattered(random, sellers, (0.7, 0.2, 0.1), 150_000)),
    )


def _scattered(
    random: np.random.Generator, count: int, shares: tuple[float, ...], grid: int
) -> list[tuple[str, Point]]:
    town = np.array(TOWNS)[random.choice(len(TOWNS), count, p=shares)]
    at = (town + random.normal(0, 200_000, (count, 2)).astype(int)) // grid * grid
    return [(str(n), Point(*spot)) for n, spot in enumerate(at.tolist())]


def degrees(at: Sites) -> list[Point]:
    """The points, in the order of the rows."""
    return [Point(*spot) for spot in zip(at.lat_e6.tolist(), at.lng_e6.tolist(), strict=True)]
