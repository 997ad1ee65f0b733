"""Which saved filters a published request passes: all of them at once, and then exactly."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from vrm.documents.place import EARTH_RADIUS_M, Point, distance_m

WAYS: Final = {"ship": "ships", "pickup": "picked_up", "on-site": "on_site"}
_SLACK_M: Final = 2.0
"""By how much the quick distance may be off."""


class Filters:
    """Saved filters in columns.

    Args:
        rows: with the columns of `BoardFilter`.
    """

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows
        self._category = np.array([row.category or "" for row in rows], dtype="U48")
        self._delivery = np.array([row.delivery or "" for row in rows], dtype="U8")
        self._least = np.array([row.min_price or 0 for row in rows], dtype=np.int64)
        most = np.iinfo(np.int64).max
        self._most = np.array(
            [most if row.max_price is None else row.max_price for row in rows], dtype=np.int64
        )
        self._lat = np.radians([(row.lat_e6 or 0) / 1e6 for row in rows])
        self._lng = np.radians([(row.lng_e6 or 0) / 1e6 for row in rows])
        self._within = np.array(
            [np.inf if row.within_m is None else row.within_m for row in rows], dtype=np.float64
        )

    def passed_by(self, request: Any) -> dict[str, list[str]]:
        """The filters that let a request through, by vendor: the same that the board's list would apply.

        Args:
            request: a row of `PublishedRequest`.
        """
        ways = [way for way, column in WAYS.items() if getattr(request, column)]
        passed = (
            np.isin(self._category, ["", request.category])
            & np.isin(self._delivery, ["", *ways])
            & (self._least <= request.amount)
            & (request.amount <= self._most)
            & (self._distances(request) <= self._within + _SLACK_M)
        )
        found: dict[str, list[str]] = {}
        for at in np.flatnonzero(passed).tolist():
            row = self._rows[at]
            if row.within_m is None or _distance(row, request) <= row.within_m:
                found.setdefault(row.vendor, []).append(row.filter)
        return found

    def _distances(self, request: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
        lat, lng = np.radians(request.lat_e6 / 1e6), np.radians(request.lng_e6 / 1e6)
        half_lat, half_lng = (self._lat - lat) / 2, (self._lng - lng) / 2
        h = np.sin(half_lat) ** 2 + np.cos(lat) * np.cos(self._lat) * np.sin(half_lng) ** 2
        angles: np.ndarray[Any, np.dtype[np.float64]] = np.arcsin(np.sqrt(np.minimum(h, 1.0)))
        return 2 * EARTH_RADIUS_M * angles


def _distance(row: Any, request: Any) -> int:
    return distance_m(Point(row.lat_e6, row.lng_e6), Point(request.lat_e6, request.lng_e6))
