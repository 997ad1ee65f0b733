"""One proof for many leaves."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import LogError
from crypto.merkle import EMPTY_ROOT, Tree, leaf_hash
from crypto.multiproof import prove, root_of, subtrees

LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(300)]
TREE = Tree(LEAVES)

trees = st.integers(1, len(LEAVES)).flatmap(
    lambda size: st.tuples(
        st.just(size), st.sets(st.integers(0, size - 1), max_size=40).map(sorted)
    )
)


def proof_of(indices: Iterable[int], size: int) -> list[bytes]:
    return list(prove(indices, size, TREE.node))


def pairs(indices: Iterable[int]) -> list[tuple[int, bytes]]:
    return [(index, LEAVES[index]) for index in indices]


@given(trees)
def test_proof_gives_the_root_of_the_tree(case: tuple[int, list[int]]) -> None:
    size, wanted = case
    assert root_of(pairs(wanted), size, proof_of(wanted, size)) == TREE.root(size)


@given(trees)
def test_proof_asks_for_each_hash_once_and_for_none_that_follows(
    case: tuple[int, list[int]],
) -> None:
    size, wanted = case
    covered = [
        leaf
        for level, index in subtrees(wanted, size)
        for leaf in range(index << level, (index + 1) << level)
    ]
    assert sorted([*covered, *wanted]) == list(range(size))


def test_proof_of_one_leaf_has_the_hashes_of_its_inclusion_proof() -> None:
    for size in (1, 2, 64, 256):  # perfect trees, which have no border
        for index in range(0, size, 7):
            single = TREE.inclusion_proof(index, size)
            assert sorted(proof_of([index], size)) == sorted(single)


def test_all_leaves_need_no_proof_and_none_give_the_root() -> None:
    assert proof_of(range(300), 300) == []
    assert root_of(pairs(range(300)), 300, []) == TREE.root()
    assert root_of([], 300, proof_of([], 300)) == TREE.root()
    assert root_of([], 0, []) == EMPTY_ROOT


@given(trees.filter(lambda case: bool(case[1])), st.data())
def test_a_leaf_that_is_another_one_gives_another_root(
    case: tuple[int, list[int]], data: st.DataObject
) -> None:
    size, wanted = case
    leaves = dict(pairs(wanted))
    leaves[data.draw(st.sampled_from(wanted))] = leaf_hash(b"forged")
    assert root_of(leaves.items(), size, proof_of(wanted, size)) != TREE.root(size)


def test_a_leaf_at_another_position_gives_another_root() -> None:
    proof = proof_of([5, 9], 100)
    assert root_of([(5, LEAVES[9]), (9, LEAVES[5])], 100, proof) != TREE.root(100)
    assert root_of([(4, LEAVES[5]), (9, LEAVES[9])], 100, proof) != TREE.root(100)


@given(trees, st.data())
def test_a_proof_with_a_hash_missing_or_too_many_is_refused(
    case: tuple[int, list[int]], data: st.DataObject
) -> None:
    size, wanted = case
    proof = proof_of(wanted, size)
    with pytest.raises(LogError, match="too many"):
        root_of(pairs(wanted), size, [*proof, LEAVES[0]])
    if proof:
        del proof[data.draw(st.integers(0, len(proof) - 1))]
        with pytest.raises(LogError, match="lacks"):
            root_of(pairs(wanted), size, proof)


def test_a_hash_of_another_length_is_refused() -> None:
    proof = proof_of([5], 100)
    for broken in (b"", b"x" * 31, b"x" * 33):
        with pytest.raises(LogError, match="hash"):
            root_of(pairs([5]), 100, [broken, *proof[1:]])
        with pytest.raises(LogError, match="32 bytes"):
            root_of([(5, broken)], 100, proof)


@pytest.mark.parametrize("wanted", [[3, 3], [4, 3], [-1], [100], [5, 100], [5, 101]])
def test_leaves_twice_out_of_order_or_outside_the_tree_are_refused(wanted: list[int]) -> None:
    proof = proof_of([3], 100)
    with pytest.raises(LogError) as refused:
        root_of([(index, LEAVES[0]) for index in wanted], 100, [*proof, *proof])
    assert refused.value.code == "range"
    with pytest.raises(LogError) as refused:
        proof_of(wanted, 100)
    assert refused.value.code == "range"


def test_a_tree_without_leaves_holds_none() -> None:
    with pytest.raises(LogError):
        root_of([(0, LEAVES[0])], 0, [])
