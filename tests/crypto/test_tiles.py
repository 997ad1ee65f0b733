"""Logs as files: tiles, bundles of entries, and growing from the right border alone."""

import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import LogError
from crypto.merkle import Tree, consistency_proof, inclusion_proof, leaf_hash
from crypto.tiles import (
    ENTRIES,
    HASH,
    WIDTH,
    Border,
    Tile,
    bundle,
    node_of,
    tile_with,
    tiles_of,
    unbundle,
)


def leaves(count: int, start: int = 0) -> list[bytes]:
    return [leaf_hash(number.to_bytes(8)) for number in range(start, start + count)]


def grown(sizes: Iterable[int]) -> tuple[Border, dict[Tile, bytes]]:
    """A log that grew in steps, each by a writer who knew no more than the partial tiles."""
    border, full = Border(), dict[Tile, bytes]()
    for size in sizes:
        partial = {tile.level: hashes for tile, hashes in border.partial()}
        border = Border(border.size, partial)
        full |= dict(border.append(leaves(size - border.size, border.size)))
    return border, full


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 1000, 5), "tile/1/x001/000.p/5"),
        (Tile(ENTRIES, 42, 255), "tile/entries/042.p/255"),
        (Tile(ENTRIES, 999), "tile/entries/999"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/00/001",
        "tile/8/001",
        "tile/0/../001",
        "tile/0/001\n",
        "tile/entries/x1/001",
        "/tile/0/001",
        "tile/0/" + "x999/" * 30 + "999",
    ],
)
def test_a_second_spelling_of_a_path(path: str) -> None:
    with pytest.raises(LogError) as refused:
        Tile.parse(path)
    assert refused.value.code == "path"


@given(st.lists(st.integers(1, 3000), max_size=6, unique=True).map(sorted))
def test_a_log_grown_in_any_steps_is_the_tree_of_its_leaves(sizes: list[int]) -> None:
    border, full = grown(sizes)
    tree = Tree(leaves(border.size))
    assert border.root == tree.root()
    tiles = full | dict(border.partial())
    assert set(tiles) == {tile for tile in tiles_of(border.size) if tile.level != ENTRIES}
    assert all(len(hashes) == tile.width * HASH for tile, hashes in tiles.items())


@given(st.data(), st.integers(1, 70_000))
def test_proofs_from_tiles_are_those_of_the_tree(data: st.DataObject, size: int) -> None:
    border, full = GROWN
    tiles = {
        (tile.level, tile.number): hashes for tile, hashes in [*full.items(), *border.partial()]
    }
    asked: set[tuple[int, int]] = set()

    def read(level: int, number: int) -> bytes:
        asked.add((level, number))
        return tiles[level, number]

    node = node_of(read)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert inclusion_proof(index, size, node) == TREE.inclusion_proof(index, size)
    assert consistency_proof(old, size, node) == TREE.consistency_proof(old, size)
    assert asked <= {(tile.level, tile.number) for tile in tiles_of(size)}
    assert tile_with(9, 3) == (1, 0)


GROWN = grown([1, 255, 256, 257, 65_536, 70_000])
TREE = Tree(leaves(70_000))


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_the_tiles_that_are_new(one: int, other: int) -> None:
    since, size = sorted((one, other))
    assert set(tiles_of(size, since)) == set(tiles_of(size)) - set(tiles_of(since))


@given(st.lists(st.binary(max_size=300), max_size=WIDTH))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == entries


def test_a_bundle_that_was_cut() -> None:
    raw = bundle([hashlib.sha256(b"entry").digest()])
    for end in range(1, len(raw)):
        with pytest.raises(LogError) as refused:
            unbundle(raw[:end])
        assert refused.value.code == "bundle"


@pytest.mark.parametrize("partial", [{}, {0: b"\0" * 32 * 3}, {0: b"\0" * 64, 1: b"\0" * 32}])
def test_a_writer_that_read_the_wrong_tiles(partial: dict[int, bytes]) -> None:
    with pytest.raises(LogError) as refused:
        Border(2, partial)
    assert refused.value.code == "tile"


def test_a_tile_that_was_cut() -> None:
    with pytest.raises(LogError) as refused:
        inclusion_proof(0, 300, node_of(lambda _level, _number: b"\0" * 32))
    assert refused.value.code == "tile"
