"""What the report of unfilled demand answers."""

import msgspec


class DemandView(msgspec.Struct, frozen=True, kw_only=True):
    """A group of unfilled requests, at least as many as the market's descriptor says."""

    category: str | None
    """Null: of several categories."""
    cell: str | None
    """The H3 cell in which their areas lie; null: of several."""
    requests: int
