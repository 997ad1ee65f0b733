"""How published requests are counted, and which counts are told.

What is counted is public already, request by request. Counts below k are left out all the same: they are no
company, and most of the list.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from vrm.documents import PersonalRequest
from vrm.documents.place import cell_at, centre_of, resolution_of

DAYS: Final = 7
"""Dates (UTC) that count, the newest one among them: the days of a week differ."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests, and how many of them show one thing."""

    requests: int = 0
    cells: dict[str, int] = {}
    """By H3 cell of each resolution from the market's coarsest to the request's own."""
    categories: dict[str, int] = {}
    facets: dict[str, int] = {}
    """By ``name=value``."""


def counted(requests: Iterable[PersonalRequest], coarsest: int) -> Counts:
    """Count requests; in cells that are coarser than its own, a request counts where its own has its centre."""
    number = 0
    own, categories, facets = Counter[str](), Counter[str](), Counter[str]()
    for request in requests:
        number += 1
        own[request.area.cell] += 1
        categories[request.need.category] += 1
        facets.update(f"{name}={value}" for name, value in (request.facets or {}).items())
    cells = Counter(own)
    for cell, times in own.items():
        for resolution in range(coarsest, resolution_of(cell)):
            cells[cell_at(centre_of(cell), resolution)] += times
    return Counts(requests=number, cells=cells, categories=categories, facets=facets)


def together(parts: Iterable[Counts]) -> Counts:
    """Add counts up."""
    number = 0
    cells, categories, facets = Counter[str](), Counter[str](), Counter[str]()
    for part in parts:
        number += part.requests
        cells.update(part.cells)
        categories.update(part.categories)
        facets.update(part.facets)
    return Counts(requests=number, cells=cells, categories=categories, facets=facets)


def told(counts: Counts, minimum: int) -> Counts:
    """Leave out what fewer than `minimum` requests show."""
    return Counts(
        requests=counts.requests,
        cells=_large(counts.cells, minimum),
        categories=_large(counts.categories, minimum),
        facets=_large(counts.facets, minimum),
    )


def _large(counts: Mapping[str, int], minimum: int) -> dict[str, int]:
    return {name: times for name, times in counts.items() if times >= minimum}
