"""Merkle trees of an append-only log: RFC 9162 section 2.1, with SHA-256.

    leaf  H(0x00 || entry)        node  H(0x01 || left || right)        empty tree  H()

A tree of n leaves splits at the largest power of two below n. A proof is a list of subtree hashes,
lowest first. Trees of 2^level leaves that start at a multiple of their size are called perfect
here; they never change once full, so they can live in static files. The functions that make proofs
ask for perfect subtrees only, through a callable: a caller serves them from memory or from tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from crypto.errors import LogError

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

PerfectNode = Callable[[int, int], bytes]
"""(level, index) to the hash of the perfect subtree over leaves index * 2^level and following."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A growing tree in memory: the hashes of all its perfect subtrees, 64 bytes a leaf."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaf_hashes:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash (`leaf_hash` of the entry)."""
        node = leaf
        for level in self._levels:
            level.append(node)
            if len(level) % 2:
                return
            node = node_hash(level[-2], level[-1])
        self._levels.append([node])

    def node(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves, or all of them."""
        size = len(self) if size is None else size
        self._check_size(size)
        return root(size, self.node)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        self._check_size(size)
        return inclusion_proof(index, size, self.node)

    def consistency_proof(self, old_size: int, size: int) -> list[bytes]:
        self._check_size(size)
        return consistency_proof(old_size, size, self.node)

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= len(self):
            raise LogError("The tree has no such size.", code="range")


def root(size: int, node: PerfectNode) -> bytes:
    """The root hash of a tree of `size` leaves."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: PerfectNode) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves (section 2.1.3.1).

    Raises:
        LogError: there is no such leaf (`range`).
    """
    if not 0 <= index < size:
        raise LogError("The tree has no such leaf.", code="range")
    siblings: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return [_subtree(start, end, node) for start, end in reversed(siblings)]


def consistency_proof(old_size: int, size: int, node: PerfectNode) -> list[bytes]:
    """The proof that the tree of `old_size` leaves is a prefix of that of `size` (section 2.1.4.1).

    Raises:
        LogError: the sizes are not 0 < old_size <= size (`range`).
    """
    if not 0 < old_size <= size:
        raise LogError("There is no proof between trees of these sizes.", code="range")
    parts: list[tuple[int, int]] = []
    start, end = 0, size
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    if start:
        parts.append((start, end))
    return [_subtree(start, end, node) for start, end in reversed(parts)]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes
) -> None:
    """Check that a leaf hash is at `index` in the tree of `size` leaves (section 2.1.3.2).

    Raises:
        LogError: it is not, or the proof is malformed (`inclusion`).
    """
    if not 0 <= index < size:
        raise LogError("The tree has no such leaf.", code="inclusion")
    inner, border = _shape(index, size)
    if len(proof) != inner + border or not _are_hashes(leaf, root_hash, *proof):
        raise LogError("An inclusion proof has another length.", code="inclusion")
    node = _climb(leaf, index, proof[:inner])
    for left in proof[inner:]:
        node = node_hash(left, node)
    if node != root_hash:
        raise LogError("An inclusion proof does not hold.", code="inclusion")


def verify_consistency(
    old_size: int, size: int, old_root: bytes, root_hash: bytes, proof: Sequence[bytes]
) -> None:
    """Check that a tree grew from an older one by appending only (section 2.1.4.2).

    Raises:
        LogError: it did not, or the proof is malformed (`consistency`).
    """
    if not 0 < old_size <= size:
        raise LogError("There is no proof between trees of these sizes.", code="consistency")
    if old_size == size:
        if proof or old_root != root_hash:
            raise LogError("Two trees of one size differ.", code="consistency")
        return
    # The walk starts at the last perfect subtree of the old tree: it is the old tree itself, or
    # the proof's first hash.
    level = (old_size & -old_size).bit_length() - 1
    nodes = [old_root, *proof] if old_size == 1 << level else list(proof)
    inner, border = _shape(old_size - 1, size)
    inner -= level
    if len(nodes) != 1 + inner + border or not _are_hashes(old_root, root_hash, *nodes):
        raise LogError("A consistency proof has another length.", code="consistency")
    at = (old_size - 1) >> level
    lefts = [node for step, node in enumerate(nodes[1 : 1 + inner]) if at >> step & 1]
    old, new = nodes[0], _climb(nodes[0], at, nodes[1 : 1 + inner])
    for left in lefts + nodes[1 + inner :]:
        old = node_hash(left, old)
    for left in nodes[1 + inner :]:
        new = node_hash(left, new)
    if old != old_root or new != root_hash:
        raise LogError("A consistency proof does not hold.", code="consistency")


def _shape(index: int, size: int) -> tuple[int, int]:
    """How long a proof for leaf `index` is below and along the right border of the tree.

    Below, siblings lie left or right as the index's bits say; along the border, only left.
    """
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _climb(node: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    for step, sibling in enumerate(siblings):
        pair = (sibling, node) if index >> step & 1 else (node, sibling)
        node = node_hash(*pair)
    return node


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == 32 for value in values)


def _subtree(start: int, end: int, node: PerfectNode) -> bytes:
    """The hash over leaves start to end; start is a multiple of the largest power of two inside."""
    parts: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(node(level, start >> level))
        start += 1 << level
    result = parts.pop()
    while parts:
        result = node_hash(parts.pop(), result)
    return result


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
