"""What the log's calls answer. Hashes are hexadecimal; a proof lists the lowest first (RFC 9162)."""

import msgspec


class InclusionView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a document stands, and the proof for the tree of `size` leaves."""

    index: int
    size: int
    proof: list[str]
    checkpoint: str
    """The newest checkpoint, for `size` if none was asked for."""


class ConsistencyView(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that the tree of `size` leaves begins with that of `old` leaves."""

    old: int
    size: int
    proof: list[str]
    checkpoint: str
