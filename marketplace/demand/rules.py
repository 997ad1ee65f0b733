"""Which groups a report of unfilled demand shows: none that is smaller than k, nor one that can be computed.

1. Requests of one category in one area are a group if they are at least k.
2. What is left of a category is a group without an area if it is at least k.
3. What is left of all is a group without category and area. If it is smaller than k, the smallest group so far
   is merged into it. If there is none, nothing is told.

So all groups together are all the requests or none: a reader who knows the total, which the run's report tells,
learns nothing by subtraction.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from vrm.documents import DemandBounds
from vrm.documents.place import cell_at, centre_of, resolution_of

Group = tuple[str, str]
"""A category and a cell; empty text for what is not told."""

OTHER: Final[Group] = ("", "")


def area_of(cell: str, bounds: DemandBounds) -> str:
    """The area in which a report counts a request's cell.

    It is chosen directly at its resolution, at the centre of the request's cell, and is never finer than that.
    """
    return cell_at(centre_of(cell), min(bounds.resolution, resolution_of(cell)))


def counted(wanted: Iterable[tuple[str, str]], bounds: DemandBounds) -> Counter[Group]:
    """Count requests, each with its category and cell, by category and area."""
    cells = Counter(wanted)
    areas = {cell: area_of(cell, bounds) for cell in {cell for _, cell in cells}}
    found: Counter[Group] = Counter()
    for (category, cell), requests in cells.items():
        found[category, areas[cell]] += requests
    return found


def told(counts: Mapping[Group, int], minimum: int) -> dict[Group, int]:
    """The groups that a report shows, each of at least `minimum` requests; see the steps above."""
    shown, left = _parted(counts, minimum)
    by_category: Counter[Group] = Counter()
    for (category, _), requests in left.items():
        by_category[category, ""] += requests
    merged, left = _parted(by_category, minimum)
    shown |= merged
    rest = sum(left.values())
    if 0 < rest < minimum and shown:
        rest += shown.pop(min(shown, key=lambda group: (shown[group], group)))
    if rest >= minimum:
        shown[OTHER] = rest
    return shown


def _parted(counts: Mapping[Group, int], minimum: int) -> tuple[dict[Group, int], dict[Group, int]]:
    """The groups that are large enough, and those that are not."""
    large = {group: requests for group, requests in counts.items() if requests >= minimum}
    small = {group: requests for group, requests in counts.items() if 0 < requests < minimum}
    return large, small
