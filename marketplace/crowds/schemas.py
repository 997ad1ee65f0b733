"""What the call about crowds answers."""

import msgspec


class CrowdsView(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests of late show the same; what fewer than ``minimum`` show is left out."""

    days: int
    """Dates (UTC) that are counted, up to that of the newest batch."""
    minimum: int
    requests: int
    """All that were published on those dates."""
    cells: dict[str, int]
    """Requests by H3 cell; each counts in its own cell and, by that one's centre, in the coarser ones."""
    categories: dict[str, int]
    facets: dict[str, int]
    """By ``name=value``."""
