"""Rows of bytes out of numpy columns, whatever the widths of their texts, without an object per row.

`joined` lays the rows' pieces side by side in one matrix and keeps of it what is text and not padding. It is
how a million rows become PostgreSQL's binary COPY format, or the JSON that a digest is taken of.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS: Final = 1 << 16

U8 = NDArray[np.uint8]
Column = NDArray[Any]
Piece = bytes | Column
"""The same bytes in each row, or a column: texts (``S``) without their padding, numbers as in memory."""


def joined(rows: int, pieces: Sequence[Piece]) -> bytes:
    """The rows' pieces, one row behind the other."""
    widths = [len(piece) if isinstance(piece, bytes) else piece.dtype.itemsize for piece in pieces]
    matrix = np.empty((rows, sum(widths)), dtype=np.uint8)
    keep: NDArray[np.bool_] | None = None
    at = 0
    for piece, width in zip(pieces, widths, strict=True):
        span = slice(at, at + width)
        at += width
        if isinstance(piece, bytes):
            matrix[:, span] = np.frombuffer(piece, dtype=np.uint8)
            continue
        matrix[:, span] = as_bytes(piece)
        if piece.dtype.kind == "S" and (lengths := lengths_of(piece)).min(initial=width) < width:
            if keep is None:
                keep = np.ones(matrix.shape, dtype=np.bool_)
            keep[:, span] = np.arange(width) < lengths[:, None]
    return (matrix if keep is None else matrix[keep]).tobytes()


def as_bytes(column: Column) -> U8:
    """(rows, width): a column's bytes."""
    flat = np.ascontiguousarray(column)
    return flat.view(np.uint8).reshape(len(flat), flat.dtype.itemsize)


def lengths_of(texts: Column) -> NDArray[np.int64]:
    """(rows): how long texts (``S``) are without their padding."""
    found: NDArray[np.int64] = np.strings.str_len(texts).astype(np.int64)
    return found


def json_list(rows: int, pieces: list[Piece]) -> Iterator[bytes]:
    """The text of a JSON list, a block of rows at a time; texts stand in it as they are."""
    yield b"["
    for block in blocks(rows):
        part = [piece if isinstance(piece, bytes) else _written(piece[block]) for piece in pieces]
        found = joined(block.stop - block.start, [*part, b","])
        yield found[:-1] if block.stop == rows else found
    yield b"]"


def _written(column: Column) -> Column:
    found: Column = column if column.dtype.kind == "S" else column.astype(np.bytes_)
    return found


def blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, rows))
