"""Orders and sellers as named points on the earth, read from CSV.

A point is known by the digest of its name and sorted by it as the resolver sorts requests, so that nothing
depends on the order of a file's rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketplace.replay.chance import U64
from marketplace.resolver.ids import text_ids
from marketplace.resolver.tables import I64, U8
from vrm.documents.place import Point, point
from vrm.errors import UsageError

F64 = NDArray[np.float64]

LIMITS: Final = {"lat": 90.0, "lng": 180.0}
NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """Points in ascending order of their digests' text."""

    digest: U8
    """(n, 32): SHA-256 of what the point is and of its name."""
    lat_e6: I64
    """Millionths of a degree, as in `vrm.documents.place.Point`."""
    lng_e6: I64

    def __len__(self) -> int:
        return len(self.digest)

    @property
    def key(self) -> U64:
        """What stands for a point in draws: the first eight bytes of its digest."""
        return np.ascontiguousarray(self.digest[:, :8]).view(">u8").ravel().astype(np.uint64)

    def take(self, rows: I64) -> Sites:
        """Some of the points; ascending rows keep the order."""
        return Sites(self.digest[rows], self.lat_e6[rows], self.lng_e6[rows])


def sites(kind: str, points: Iterable[tuple[str, Point]]) -> Sites:
    """Named points as `Sites`; `kind` (order, seller) keeps one's digests apart from the other's."""
    named = [(sha256(f"{kind}:{name}".encode()).digest(), *at) for name, at in points]
    digests = b"".join(digest for digest, _, _ in named)
    found = Sites(
        digest=np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32),
        lat_e6=np.array([lat for _, lat, _ in named], dtype=np.int64),
        lng_e6=np.array([lng for _, _, lng in named], dtype=np.int64),
    )
    return found.take(np.argsort(text_ids(found.digest)))


def read_sites(path: Path, kind: str) -> Sites:
    """Read a CSV whose first line is `kind,lat,lng` (UTF-8, degrees of WGS 84).

    Raises:
        UsageError: another heading, no rows, or a bad row, with the file's name and the line's number.
        OSError: the file cannot be read.
    """
    return sites(kind, _rows(path, kind))


def _rows(path: Path, kind: str) -> Iterator[tuple[str, Point]]:
    heading = [kind, *LIMITS]
    first_line: dict[str, int] = {}
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        if next(reader, None) != heading:
            raise ValueError(f"the first line must be {','.join(heading)}")
        for cells in reader:
            if not cells:
                continue
            name, at = _row(cells, heading)
            if name in first_line:
                raise ValueError(f"{kind} {_shown(name)} is on line {first_line[name]} already")
            first_line[name] = reader.line_num
            yield name, at
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path}, line {max(1, reader.line_num)}: {error}") from error
    if not first_line:
        raise UsageError(f"{path}: no {kind} below the heading")


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: not UTF-8") from error


def _row(cells: list[str], heading: list[str]) -> tuple[str, Point]:
    if len(cells) != len(heading):
        raise ValueError(f"{len(cells)} cells where {','.join(heading)} are {len(heading)}")
    name, lat, lng = cells
    if not name:
        raise ValueError(f"the {heading[0]} has no name")
    return name, point(_degrees("lat", lat), _degrees("lng", lng))


def _degrees(column: str, text: str) -> float:
    limit = LIMITS[column]
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{column} is {_shown(text)}, not a number of degrees")
    if not -limit <= float(text) <= limit:
        raise ValueError(f"{column} is {_shown(text)}, beyond {limit:g} degrees")
    return float(text)


def _shown(text: str) -> str:
    """Text from a file, short enough for one line."""
    return repr(text if len(text) <= 40 else text[:39] + "…")
