"""A log as immutable files: tiles of hashes and bundles of entries (C2SP tlog-tiles v1).

A tile holds up to 256 hashes of one level of the tree, as 32-byte strings one behind the other. The tile at
level L and number N holds the roots of the perfect subtrees of 256^L leaves that begin at leaf
N * 256^(L+1); so level 0 holds leaf hashes, and each hash at level 1 stands for a full tile below. Where the
tree ends within a tile, the tile is *partial*: its width is the number of hashes that it has. Bundles hold the
entries of the leaves of a tile at level 0, each behind its length in two bytes.

    tile/<L>/<N>[.p/<W>]     tile/entries/<N>[.p/<W>]

N is written in groups of three digits, all but the last with an x before it: 1234067 is x001/x234/067.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.errors import LogError
from crypto.merkle import PerfectNode, node_hash, root

WIDTH: Final = 256
HEIGHT: Final = 8
"""Levels of the tree in one tile: 2^8 is `WIDTH`."""
HASH: Final = 32
MAX_LEVEL: Final = 7
"""The highest level of tiles: a tree has at most 2^63 leaves."""

_PATH: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z",
    re.ASCII,
)

ReadTile = Callable[[int, int], bytes]
"""(level, number) to the hashes of a tile, as many as are known."""


@dataclass(frozen=True, order=True)
class Tile:
    """The name of a tile; at level `ENTRIES` that of a bundle of entries."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it lies below the log's address."""
        groups, rest = [], self.number
        while True:
            rest, low = divmod(rest, 1000)
            groups.append(f"{low:03}")
            if not rest:
                break
        number = "/".join([*(f"x{group}" for group in reversed(groups[1:])), groups[0]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read a path; raises `LogError` (`path`) for any other spelling than that of `path`."""
        match = _PATH.match(path)
        if match is None:
            raise LogError("That is not the path of a tile.", code="path")
        number = int(match[2].replace("x", "").replace("/", ""))
        level = ENTRIES if match[1] == "entries" else int(match[1])
        tile = cls(level, number, int(match[3] or WIDTH))
        if tile.path != path or level > MAX_LEVEL or number >= 1 << 55:
            raise LogError("That is not the path of a tile.", code="path")
        return tile


ENTRIES: Final = -1


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """The tiles and bundles that a tree of `size` leaves has and one of `since` had not, lowest first."""
    for level in (ENTRIES, *range(MAX_LEVEL + 1)):
        height = HEIGHT * max(level, 0)
        hashes, had = size >> height, since >> height
        for number in range(had // WIDTH, (hashes + WIDTH - 1) // WIDTH):
            width = min(WIDTH, hashes - number * WIDTH)
            if number * WIDTH + width > had:
                yield Tile(level, number, width)


def bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries, each of at most 65535 bytes."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unbundle(raw: bytes) -> list[bytes]:
    """Read entries; raises `LogError` (`bundle`)."""
    entries, at = [], 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 2])
        entry = raw[at + 2 : at + 2 + length]
        if at + 2 + length > len(raw):
            raise LogError("A bundle of entries is cut off.", code="bundle")
        entries.append(entry)
        at += 2 + length
    return entries


def node_of(read: ReadTile) -> PerfectNode:
    """Perfect subtrees out of tiles; raises `LogError` (`tile`) where a tile has too few hashes."""

    def node(level: int, index: int) -> bytes:
        at, inside = divmod(level, HEIGHT)
        number, first = divmod(index << inside, WIDTH)
        hashes = read(at, number)[first * HASH : (first + (1 << inside)) * HASH]
        if len(hashes) != HASH << inside:
            raise LogError("A tile has too few hashes.", code="tile")
        return perfect_root(hashes)

    return node


def tile_with(level: int, index: int) -> tuple[int, int]:
    """The level and number of the tile that `node_of` reads for a perfect subtree."""
    at, inside = divmod(level, HEIGHT)
    return at, (index << inside) // WIDTH


def perfect_root(hashes: bytes) -> bytes:
    """The root over 2^n hashes."""
    nodes = [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]
    while len(nodes) > 1:
        nodes = [node_hash(*nodes[at : at + 2]) for at in range(0, len(nodes), 2)]
    return nodes[0]


class Border:
    """The partial tile of each level, which is all of a tree that appending to it needs.

    Args:
        size: the number of leaves.
        partial: by level, the hashes of its partial tile; levels without one may be left out.

    Raises:
        LogError: the tiles are not as wide as the size says (`tile`).
    """

    def __init__(self, size: int = 0, partial: dict[int, bytes] | None = None) -> None:
        self.size = size
        given = partial or {}
        self._partial = [bytearray(given.get(level, b"")) for level in range(MAX_LEVEL + 1)]
        for level, hashes in enumerate(self._partial):
            if len(hashes) != HASH * ((size >> (HEIGHT * level)) % WIDTH):
                raise LogError("The tiles are not those of a tree of this size.", code="tile")

    def append(self, leaves: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaf hashes; answers the tiles that have become full, in that order."""
        full: list[tuple[Tile, bytes]] = []
        for leaf in leaves:
            self.size += 1
            node = leaf
            for level, hashes in enumerate(self._partial):
                hashes.extend(node)
                if len(hashes) < WIDTH * HASH:
                    break
                done = bytes(hashes)
                hashes.clear()
                number = (self.size >> (HEIGHT * (level + 1))) - 1
                full.append((Tile(level, number), done))
                node = perfect_root(done)
        return full

    def partial(self) -> list[tuple[Tile, bytes]]:
        """The tiles that are partial now, lowest first."""
        return [
            (Tile(level, self.size >> (HEIGHT * (level + 1)), len(hashes) // HASH), bytes(hashes))
            for level, hashes in enumerate(self._partial)
            if hashes
        ]

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return root(self.size, node_of(lambda level, _number: bytes(self._partial[level])))
