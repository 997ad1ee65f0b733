"""Hiding among others, before anything is signed: how coarse a place's cell is, and who looks like its owner.

The market publishes how many requests of late show the same cell, category or facet, in one answer for all. A
market that lies in it can bring a wallet to a finer cell, never to one finer than `FINEST_RESOLUTION`.

1. A place has one cell, chosen when it is named and kept: cells of several sizes round one point, or one that
   moves with the crowd, would narrow it down.
2. It is the finest one in which `COMPANY` others are known, or to be expected since a coarser one holds so
   many; else the coarsest that the market takes. Where the market knows no crowd anywhere, it is the usual one.
3. Before a request is posted, the owner reads how many look like it, and what makes it rare.
"""

from typing import Final

from vrm.client.customer import Crowds
from vrm.documents import MarketDescriptor, PersonalRequest
from vrm.documents.place import Point, cell_at
from vrm.errors import UsageError

COMPANY: Final = 10
"""How many others a wallet looks for."""

CHILDREN: Final = 7
"""An H3 cell has about the area of so many cells of the next finer resolution."""

USUAL_RESOLUTION: Final = 6
"""H3 resolution of a place where nothing is known of a crowd: cells of about 36 square kilometres.

That is a city district or a small town, so many people share a cell. Its centre is at most some 4 km from
home, which matters little against the distances that people travel or shops deliver; the next coarser cells
(250 square kilometres, up to 11 km off) would misjudge which shop is near.
"""

FINEST_RESOLUTION: Final = 7
"""The finest cell that a wallet shows, whatever a market allows: about 5 square kilometres.

Cells are the market's to limit but the owner's to fear: a descriptor could otherwise ask for the very house.
"""

NO_CROWD: Final = Crowds(days=0, requests=0)
"""What a market knows before its first request."""


def choose_cell(
    at: Point,
    market: MarketDescriptor,
    crowds: Crowds = NO_CROWD,
    resolution: int | None = None,
) -> str:
    """Choose a place's cell by the rules above, or at the resolution that its owner wants.

    Raises:
        UsageError: the market or `FINEST_RESOLUTION` does not allow the resolution that was asked for, or the
            market allows finer ones only.
    """
    coarsest, finest = resolutions(market)
    if resolution is not None and not coarsest <= resolution <= finest:
        raise UsageError(f"A place here may have a cell of resolution {coarsest} to {finest}.")
    if resolution is None and not crowds.cells:
        resolution = max(coarsest, min(finest, USUAL_RESOLUTION))
    return cell_at(at, _crowded(at, crowds, coarsest, finest) if resolution is None else resolution)


def resolutions(market: MarketDescriptor) -> tuple[int, int]:
    """Tell the coarsest and the finest resolution that a request at a market may show.

    Raises:
        UsageError: the market takes none that this wallet shows.
    """
    coarsest, finest = market.cells.coarsest, market.cells.finest
    if coarsest > FINEST_RESOLUTION:
        raise UsageError(
            f"The market takes only cells of resolution {coarsest} or finer, which show too well "
            f"where you are; this wallet shows none finer than {FINEST_RESOLUTION}."
        )
    return coarsest, min(finest, FINEST_RESOLUTION)


def look_alikes(request: PersonalRequest, crowds: Crowds) -> int:
    """Estimate how many requests of late show the same area, category and facets.

    As if these had nothing to do with each other: the share of the category and of each facet, among all, of
    those in the area. What the market does not list counts as nobody.
    """
    found = min(crowds.cells.get(request.area.cell, 0), crowds.requests)
    for shown in (
        crowds.categories.get(request.need.category, 0),
        *_facets(request, crowds).values(),
    ):
        found = found * min(shown, crowds.requests) // max(crowds.requests, 1)
    return found


def in_words(request: PersonalRequest, crowds: Crowds) -> list[str]:
    """Say to the owner how many requests look like this one, and if they are few, why and what to do."""
    found = look_alikes(request, crowds)
    of_late = f"requests of the last {crowds.days} days look like this one (area, category, facets)"
    if found >= COMPANY:
        return [f"About {found} {of_late}."]
    lines = [f"Fewer than {COMPANY} {of_late}: who knows of your wish may guess that it is yours."]
    if crowds.requests < COMPANY:
        return [*lines, "The market is young, so nobody has company yet."]
    if crowds.cells.get(request.area.cell, 0) < COMPANY:
        lines.append(
            "Few ask from this area; a larger one: vrm place NAME WHERE --resolution N --replace"
        )
    if crowds.categories.get(request.need.category, 0) < COMPANY:
        lines.append("Few ask in this category; more may do so under: --category other")
    rare = [name for name, shown in _facets(request, crowds).items() if shown < COMPANY]
    lines += [f"Few say {name} of themselves; leave it out." for name in rare]
    return lines if lines[1:] else [*lines, "Each by itself is common; together they are rare."]


def _crowded(at: Point, crowds: Crowds, coarsest: int, finest: int) -> int:
    """The finest resolution at which a point has company, or else the coarsest."""
    chosen, expected = coarsest, 0
    for resolution in range(coarsest, finest + 1):
        known = crowds.cells.get(cell_at(at, resolution), 0)
        expected = max(known, expected // CHILDREN)
        if expected >= COMPANY:
            chosen = resolution
    return chosen


def _facets(request: PersonalRequest, crowds: Crowds) -> dict[str, int]:
    named = [f"{name}={value}" for name, value in (request.facets or {}).items()]
    return {name: crowds.facets.get(name, 0) for name in named}
