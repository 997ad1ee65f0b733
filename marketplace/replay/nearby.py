"""Who is near: sellers in a k-d tree of unit vectors, where the straight line orders as the arc does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from marketplace.replay.points import F64, Sites
from marketplace.resolver.tables import I32, I64
from vrm.documents.place import EARTH_RADIUS_M


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """For each of some places, the sellers near it."""

    count: I64
    """(places): how many sellers."""
    first: I64
    """(places): where in `seller` they begin."""
    seller: I64
    metres: I32


class Neighbourhood:
    """Sellers, to be asked who is near; sellers at one point are one point of the tree."""

    def __init__(self, sellers: Sites) -> None:
        # Loading it takes half a second, which every other command would wait for.
        from scipy.spatial import cKDTree  # noqa: PLC0415

        points, row, self._count = np.unique(
            unit_vectors(sellers), axis=0, return_inverse=True, return_counts=True
        )
        self._tree = cKDTree(points)
        self._sellers = np.argsort(row.ravel(), kind="stable")
        self._first = np.cumsum(self._count) - self._count

    def nearest(self, vectors: F64) -> tuple[I32, Pool]:
        """Metres to the nearest seller of each place, however far, and who stands there."""
        chord, point = self._tree.query(vectors)
        count = self._count.take(point)
        seller = self._sellers[spans(self._first.take(point), count)]
        away = metres(chord)
        return away, Pool(count, np.cumsum(count) - count, seller, np.repeat(away, count))

    def within(self, vectors: F64, radius_m: int, among: int) -> Pool:
        """The sellers within `radius_m` that have fewer than `among` others nearer than themselves.

        Sellers at one point are in together or out together, so there may be more than `among`. Of different
        points at the very same distance the tree puts one first, the same one each time.
        """
        places, points = len(vectors), len(self._count)
        depth = min(among, points)
        chord, point = self._tree.query(
            vectors, k=depth, distance_upper_bound=chord_of(radius_m + 1)
        )
        chord, point = chord.reshape(places, depth), point.reshape(places, depth)
        exists = np.isfinite(chord)
        away = metres(np.where(exists, chord, 2.0))
        here = np.append(self._count, 0).take(point)  # the tree answers `points` for nobody
        nearer = np.cumsum(here, axis=1) - here
        is_in = exists & (away <= radius_m) & (nearer < among)
        count = here.sum(axis=1, where=is_in)
        here = here[is_in]
        seller = self._sellers[spans(self._first.take(point[is_in]), here)]
        return Pool(count, np.cumsum(count) - count, seller, np.repeat(away[is_in], here))


def unit_vectors(at: Sites) -> F64:
    """(n, 3): points on the sphere of radius 1."""
    lat, lng = np.radians(at.lat_e6 / 1e6), np.radians(at.lng_e6 / 1e6)
    return np.column_stack((np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat)))


def between(a: F64, b: F64) -> I32:
    """Metres between unit vectors, row by row."""
    return metres(np.linalg.norm(a - b, axis=1))


def metres(chord: F64) -> I32:
    """The great-circle distance, in whole metres, over a straight line through the unit sphere.

    The same figure as `vrm.documents.place.distance_m`.
    """
    arc = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord / 2, 1.0))
    return np.rint(arc).astype(np.int32)


def chord_of(arc_m: int) -> float:
    """The straight line under an arc; for more than half the earth's girth, the diameter and more."""
    half = arc_m / EARTH_RADIUS_M / 2
    return 2 * math.sin(half) if half < math.pi / 2 else 3.0


def spans(first: I64, count: I64) -> I64:
    """`count` neighbouring rows from each of `first` on, one after the other."""
    skipped = np.cumsum(count) - count
    return np.repeat(first - skipped, count) + np.arange(count.sum())
