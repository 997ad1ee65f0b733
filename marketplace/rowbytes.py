"""Rows of bytes out of numpy columns, whatever the widths of their texts, without an object per row.

`joined` lays the rows' pieces side by side in one matrix and keeps of it what is text and not padding. It is
how a million rows become PostgreSQL's binary COPY format, or the JSON that a digest is taken of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS: Final = 1 << 13

U8 = NDArray[np.uint8]
Column = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Gathered:
    """A column of texts, each joined of some that lie elsewhere and made when its rows are asked for.

    Memory that nothing has touched yet costs more than looking texts up once more.
    """

    texts: Column
    rows: NDArray[np.int32]
    """(rows, parts): which of the texts, or -1 for none behind them."""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Column:
        return self._made(self.rows[part])

    def take(self, indices: NDArray[np.int64]) -> Column:
        """The texts of the given rows."""
        return self._made(self.rows.take(indices, axis=0))

    @property
    def dtype(self) -> np.dtype[np.bytes_]:
        """Texts as long as all parts together."""
        return np.dtype(f"S{self.texts.dtype.itemsize * self.rows.shape[1]}")

    def _made(self, rows: NDArray[np.int32]) -> Column:
        if not len(self.texts):
            return np.zeros(len(rows), dtype=self.dtype)
        found = self.texts.take(rows, mode="clip")
        found[rows < 0] = b""
        joined: Column = found.view(self.dtype).ravel()
        return joined


Texts = Column | Gathered
Piece = bytes | Texts
"""The same bytes in each row, or a column: texts (``S``) without their padding, numbers as in memory."""


def joined(rows: int, pieces: Sequence[bytes | Column]) -> bytes:
    """The rows' pieces, one row behind the other; no text has a zero in it."""
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
        if piece.dtype.kind == "S" and not matrix[:, at - 1].all():
            if keep is None:
                keep = np.ones(matrix.shape, dtype=np.bool_)
            keep[:, span] = matrix[:, span] != 0
    return (matrix if keep is None else matrix[keep]).tobytes()


def as_bytes(column: Column) -> U8:
    """(rows, width): a column's bytes."""
    flat = np.ascontiguousarray(column)
    return flat.view(np.uint8).reshape(len(flat), flat.dtype.itemsize)


def lengths_of(texts: Column) -> NDArray[np.int64]:
    """(rows): how long texts (``S``) are without their padding."""
    found: NDArray[np.int64] = np.strings.str_len(texts).astype(np.int64)
    return found


def json_list(rows: int, pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The text of a JSON list, a block of rows at a time; texts stand in it as they are."""
    yield b"["
    for block in blocks(rows):
        part = [piece if isinstance(piece, bytes) else _written(piece[block]) for piece in pieces]
        found = joined(block.stop - block.start, [*part, b","])
        yield found[:-1] if block.stop == rows else found
    yield b"]"


def _written(column: Column) -> Column:
    """A block of a column as texts; numbers are not negative."""
    if column.dtype.kind == "S":
        return column
    largest = int(column.max())
    if largest > len(column):
        return column.astype(np.bytes_)
    # To write each number that there may be once, and to look it up, takes a fraction of writing each row's.
    return np.arange(largest + 1).astype(f"S{len(str(largest))}").take(column)


def blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, rows))
