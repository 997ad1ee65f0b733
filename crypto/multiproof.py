"""One proof that many leaves are in a Merkle tree (RFC 9162 hashing, see `crypto.merkle`).

The proof is the list of the hashes that cannot be computed from the wanted leaves, once each: those of the
largest perfect subtrees without a wanted leaf, in the order in which a walk over the tree from left to right
meets them. The walk splits a tree of n leaves at the largest power of two below n, as RFC 9162 does; where a
part holds no wanted leaf and is perfect, it takes one hash and goes on behind it; where it is not perfect, it
splits on.

A proof for one leaf has the hashes of its inclusion proof (the right border of the tree in its perfect parts),
in another order. Making and checking go from left to right in memory of the tree's height, so that a proof
of a million leaves can be streamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from crypto.errors import LogError
from crypto.merkle import EMPTY_ROOT, PerfectNode, node_hash

_HASH: Final = 32


def subtrees(indices: Iterable[int], size: int) -> Iterator[tuple[int, int]]:
    """The (level, index) of the perfect subtrees whose hashes are the proof, in its order.

    Args:
        indices: of the wanted leaves, rising.
        size: of the tree.

    Raises:
        LogError: the indices do not rise, or there is no such leaf (`range`).
    """
    wanted = _Wanted(((index, None) for index in indices), size)
    if size:
        yield from _missing(0, size, wanted)


def prove(indices: Iterable[int], size: int, node: PerfectNode) -> Iterator[bytes]:
    """The proof that the leaves with these indices, rising, are in the tree of `size` leaves.

    Raises:
        LogError: as `subtrees` has it.
    """
    return (node(*at) for at in subtrees(indices, size))


def root_of(leaves: Iterable[tuple[int, bytes]], size: int, proof: Iterable[bytes]) -> bytes:
    """The root of the tree of `size` leaves that holds these leaves, if the proof is of it.

    Args:
        leaves: pairs of index and leaf hash, by rising index.
        proof: as `prove` makes it.

    Raises:
        LogError: indices that do not rise or are not in such a tree (`range`); a proof with a hash too many
            or too few, or one that is not of 32 bytes (`multiproof`).
    """
    wanted, hashes = _Wanted(leaves, size), iter(proof)
    root = _root(0, size, wanted, hashes) if size else EMPTY_ROOT
    if next(hashes, None) is not None:
        raise LogError("A proof of many leaves has a hash too many.", code="multiproof")
    return root


class _Wanted:
    """The wanted leaves one by one, checked to rise within the tree."""

    def __init__(self, leaves: Iterable[tuple[int, bytes | None]], size: int) -> None:
        self._leaves, self._size = iter(leaves), size
        self.index, self._leaf = -1, b""
        """The next wanted leaf; `size` behind the last."""
        self._go_on()

    def take(self) -> bytes:
        leaf = self._leaf
        self._go_on()
        return leaf

    def _go_on(self) -> None:
        found = next(self._leaves, None)
        if found is None:
            self.index = self._size
            return
        index, leaf = found
        if not self.index < index < self._size:
            raise LogError("The wanted leaves do not rise, or are not in the tree.", code="range")
        self.index, self._leaf = index, leaf or b""


def _missing(start: int, end: int, wanted: _Wanted) -> Iterator[tuple[int, int]]:
    size = end - start
    if wanted.index >= end and not size & (size - 1):
        level = size.bit_length() - 1
        yield level, start >> level
    elif size == 1:
        wanted.take()
    else:
        middle = start + (1 << ((size - 1).bit_length() - 1))
        yield from _missing(start, middle, wanted)
        yield from _missing(middle, end, wanted)


def _root(start: int, end: int, wanted: _Wanted, hashes: Iterator[bytes]) -> bytes:
    size = end - start
    if wanted.index >= end and not size & (size - 1):
        found = next(hashes, b"")
        if len(found) != _HASH:
            raise LogError("A proof of many leaves lacks a hash.", code="multiproof")
        return found
    if size == 1:
        leaf = wanted.take()
        if len(leaf) != _HASH:
            raise LogError("A leaf's hash has 32 bytes.", code="multiproof")
        return leaf
    middle = start + (1 << ((size - 1).bit_length() - 1))
    left = _root(start, middle, wanted, hashes)
    return node_hash(left, _root(middle, end, wanted, hashes))
