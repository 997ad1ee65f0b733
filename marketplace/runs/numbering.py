"""What a day's bids mean by their numbers: a run reads them as four bytes where the names have forty-three."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from marketplace.resolver.tables import I32
from marketplace.rowbytes import Column


@dataclass(frozen=True, eq=False)
class Numbering:
    """Which requests and places a day's bids mean by their numbers."""

    requests: I32
    """Their rows in the day, by number, or -1."""
    places: I32

    def arranged(self, bids: Mapping[str, Column]) -> dict[str, Column]:
        """Bids as the resolver takes them.

        Raises:
            ValueError: a bid is on a request, or of a place, that is not frozen.
        """
        return {
            "digest": bids["digest"],
            "request": _meant(self.requests, bids["request"], "on a request"),
            "place": _meant(self.places, bids["place"], "of a place"),
            "amount": bids["amount"],
            "distance_m": bids["distance_m"].astype(np.int32),
            "way": bids["way"].astype(np.uint8),
        }


def rows_of(numbers: Column) -> I32:
    """The rows of numbers that are there once each, by number; -1 for those that are not."""
    found = np.full(int(numbers.max(initial=-1)) + 1, -1, dtype=np.int32)
    found[numbers] = np.arange(len(numbers), dtype=np.int32)
    return found


def _meant(rows: I32, numbers: Column, what: str) -> I32:
    """The rows that numbers stand for."""
    if numbers.max(initial=-1) >= len(rows):
        raise ValueError(f"a bid is {what} that is not frozen")
    found: I32 = rows.take(numbers)
    if found.min(initial=0) < 0:
        raise ValueError(f"a bid is {what} that is not frozen")
    return found
