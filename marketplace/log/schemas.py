"""What the log's calls answer. Hashes are hexadecimal; a proof lists the lowest first (RFC 9162)."""

import msgspec


class InclusionView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a document stands, and the proof for the tree of `size` leaves."""

    index: int
    size: int
    proof: list[str]
    checkpoint: str
    """The newest checkpoint, for `size` if none was asked for."""


class TogetherView(msgspec.Struct, frozen=True, kw_only=True):
    """Where documents stand, and one proof for all of them in the tree of `size` leaves."""

    indices: list[int | None]
    """In the order in which they were asked for; null where that tree does not hold one."""
    size: int
    proof: list[str]
    """The largest perfect subtrees without any of them, from left to right; see docs/log.md."""
    checkpoint: str
    """The newest checkpoint, for `size` if none was asked for."""


class ConsistencyView(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that the tree of `size` leaves begins with that of `old` leaves."""

    old: int
    size: int
    proof: list[str]
    checkpoint: str
