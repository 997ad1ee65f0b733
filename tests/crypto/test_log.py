"""Merkle trees, signed notes and checkpoints."""

import base64
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import SigningKey, note
from crypto.checkpoint import Checkpoint, verify, verify_growth
from crypto.errors import LogError
from crypto.merkle import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(bytes([n])) for n in range(70)]
TREE = Tree(LEAVES)
KEY = SigningKey.from_seed(b"\x01" * 32)
WITNESS = SigningKey.from_seed(b"\x02" * 32)
ORIGIN = "market.example/log"
LOG = note.Verifier(ORIGIN, KEY.public)
WITNESSED = note.Verifier("witness.example", WITNESS.public, note.COSIGNATURE)
CHECKPOINT = Checkpoint(ORIGIN, 70, TREE.root(), ("2026-11-21",))
SIGNED = CHECKPOINT.sign(KEY)

sizes = st.integers(1, len(LEAVES))


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word by word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(defined_root(leaves[:k]), defined_root(leaves[k:]))


def test_root_is_as_defined_at_every_size() -> None:
    for size in range(len(LEAVES) + 1):
        assert TREE.root(size) == Tree(LEAVES[:size]).root() == defined_root(LEAVES[:size])


def test_every_proof_of_every_small_tree_holds() -> None:
    for size in range(1, 34):
        for index in range(size):
            proof = TREE.inclusion_proof(index, size)
            verify_inclusion(LEAVES[index], index, size, proof, TREE.root(size))
        for old in range(1, size + 1):
            growth = TREE.consistency_proof(old, size)
            verify_consistency(old, size, TREE.root(old), TREE.root(size), growth)


@given(sizes, st.data())
def test_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = TREE.inclusion_proof(index, size)
    root = TREE.root(size)
    verify_inclusion(LEAVES[index], index, size, proof, root)
    flip = bytes([1]) + bytes(31)
    changes: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (xor(LEAVES[index], flip), index, size, proof, root),
        (LEAVES[index], index, size, proof, xor(root, flip)),
        (LEAVES[index], index, size, [*proof, bytes(32)], root),
        (LEAVES[index], index, size, proof[:-1], xor(root, flip)),
        (LEAVES[index], size, size, proof, root),
        (LEAVES[index], -1, size, proof, root),
        (b"", index, size, proof, root),
        *((LEAVES[index], n, size, proof, root) for n in range(size) if n != index),
        *(
            (LEAVES[index], index, size, [*proof[:n], xor(proof[n], flip), *proof[n + 1 :]], root)
            for n in range(len(proof))
        ),
    ]
    for change in changes:
        with pytest.raises(LogError):
            verify_inclusion(*change)


@given(sizes, st.data())
def test_changed_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = TREE.consistency_proof(old, size)
    roots = TREE.root(old), TREE.root(size)
    flip = bytes(31) + bytes([128])
    changes: list[tuple[int, int, bytes, bytes, list[bytes]]] = [
        (old, size, xor(roots[0], flip), roots[1], proof),
        (old, size, roots[0], xor(roots[1], flip), proof),
        (old, size, *roots, [*proof, bytes(32)]),
        (old, size, *roots, [*proof, b""]),
        (0, size, *roots, proof),
        (size + 1, size, *roots, proof),
        *(
            (old, size, *roots, [*proof[:n], xor(proof[n], flip), *proof[n + 1 :]])
            for n in range(len(proof))
        ),
        *((old, size, *roots, proof[:n]) for n in range(len(proof))),
    ]
    for change in changes:
        with pytest.raises(LogError):
            verify_consistency(*change)


@given(sizes, sizes)
def test_rewritten_history_has_no_consistency_proof(old: int, more: int) -> None:
    size = old + more
    forged = Tree([leaf_hash(b"rewritten"), *LEAVES[1:], *LEAVES])
    for proof in (
        forged.consistency_proof(old, size),
        Tree(LEAVES * 2).consistency_proof(old, size),
    ):
        with pytest.raises(LogError):
            verify_consistency(old, size, TREE.root(old), forged.root(size), proof)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: TREE.root(71),
        lambda: TREE.root(-1),
        lambda: TREE.inclusion_proof(70, 70),
        lambda: TREE.inclusion_proof(-1, 70),
        lambda: TREE.inclusion_proof(0, 71),
        lambda: TREE.consistency_proof(0, 70),
        lambda: TREE.consistency_proof(70, 69),
    ],
)
def test_no_proof_about_what_is_not_there(ask: Any) -> None:
    with pytest.raises(LogError):
        ask()


def test_checkpoint_reads_back() -> None:
    checkpoint, signatures = verify(SIGNED, LOG)
    assert checkpoint == CHECKPOINT
    assert signatures == [note.Signature(LOG)]
    assert note.Verifier.parse(LOG.text) == LOG


def test_witness_cosigns() -> None:
    both = note.cosign(SIGNED, WITNESS, "witness.example", time=1_795_000_000)
    _, signatures = verify(both, LOG, [WITNESSED])
    assert signatures == [note.Signature(LOG), note.Signature(WITNESSED, 1_795_000_000)]
    assert note.Verifier.parse(WITNESSED.text) == WITNESSED
    assert verify(both, LOG)[1] == [note.Signature(LOG)]


def test_every_changed_character_of_a_checkpoint_is_refused() -> None:
    both = note.cosign(SIGNED, WITNESS, "witness.example", time=1_795_000_000)
    for at in range(len(both)):
        for other in {chr(ord(both[at]) ^ 1), "A", "\n", ""} - {both[at]}:
            changed = both[:at] + other + both[at + 1 :]
            try:
                _, signatures = verify(changed, LOG, [WITNESSED])
            except LogError:
                continue
            # A signature line that names a foreign key is skipped, and then no longer counts.
            assert len(signatures) == 1


def test_checkpoint_signed_by_another_key_is_refused() -> None:
    for forged in (CHECKPOINT.sign(WITNESS), note.sign(CHECKPOINT.text, KEY, "elsewhere.example")):
        with pytest.raises(LogError) as error:
            verify(forged, LOG)
        assert error.value.code == "unsigned"


def test_checkpoint_of_another_log_under_the_same_key_is_refused() -> None:
    other = Checkpoint("other.example/log", 70, TREE.root())
    with pytest.raises(LogError) as error:
        verify(note.sign(other.text, KEY, ORIGIN), LOG)
    assert error.value.code == "origin"


def test_checkpoint_that_only_a_witness_signed_is_refused() -> None:
    unsigned = CHECKPOINT.sign(WITNESS)
    both = note.cosign(unsigned, WITNESS, "witness.example", time=1)
    with pytest.raises(LogError) as error:
        verify(both, LOG, [WITNESSED])
    assert error.value.code == "unsigned"


def test_cosignature_passed_off_as_the_logs_signature_is_refused() -> None:
    same = note.Verifier(ORIGIN, WITNESS.public)
    both = note.cosign(CHECKPOINT.sign(KEY), WITNESS, ORIGIN, time=1)
    with pytest.raises(LogError):
        verify(both, same)


def test_growth_rollback_and_fork() -> None:
    old = Checkpoint(ORIGIN, 50, TREE.root(50))
    proof = TREE.consistency_proof(50, 70)
    verify_growth(old, CHECKPOINT, proof)
    verify_growth(Checkpoint(ORIGIN, 0, EMPTY_ROOT), CHECKPOINT, [])
    verify_growth(CHECKPOINT, CHECKPOINT, [])
    cases = [
        (CHECKPOINT, old, proof, "rollback"),
        (CHECKPOINT, Checkpoint(ORIGIN, 70, bytes(32)), [], "fork"),
        (Checkpoint("other.example", 50, TREE.root(50)), CHECKPOINT, proof, "origin"),
        (old, CHECKPOINT, proof[1:], "consistency"),
        (Checkpoint(ORIGIN, 0, EMPTY_ROOT), CHECKPOINT, proof, "consistency"),
    ]
    for before, after, nodes, code in cases:
        with pytest.raises(LogError) as error:
            verify_growth(before, after, nodes)
        assert error.value.code == code


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        f"origin\n1\n{ROOT}",
        f"origin\n1\n{ROOT}\n\n",
        f"\n1\n{ROOT}\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n１\n{ROOT}\n",
        f"origin\n{10**19}\n{ROOT}\n",
        f"origin\n9223372036854775808\n{ROOT}\n",
        "origin\n1\nAAAA\n",
        f"origin\n1\n{ROOT[:-2]}B=\n",
        f"origin\n1\n{ROOT[:-1]}\n",
    ],
)
def test_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(LogError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: note.sign("no newline", KEY, "n"),
        lambda: note.sign("tab\t\n", KEY, "n"),
        lambda: note.sign("half \ud800\n", KEY, "n"),
        lambda: note.sign("\n", KEY, "n"),
        lambda: note.sign("x\n", KEY, "a b"),
        lambda: note.sign("x\n", KEY, "a+b"),
        lambda: note.sign("x\n", KEY, ""),
        lambda: note.sign("x\n", KEY, "a\ud800"),
        lambda: note.cosign(SIGNED, WITNESS, "w", time=0),
        lambda: note.cosign(SIGNED, WITNESS, "w", time=2**63),
        lambda: note.cosign("x\n", WITNESS, "w", time=1),
        lambda: Checkpoint("", 0, bytes(32)),
        lambda: Checkpoint("o\nx", 0, bytes(32)),
        lambda: Checkpoint("o", -1, bytes(32)),
        lambda: Checkpoint("o", 0, bytes(31)),
        lambda: note.Verifier.parse(LOG.text[:-1]),
        lambda: note.Verifier.parse(LOG.text.replace("+", "-", 1)),
        lambda: note.Verifier.parse("x" + LOG.text),
        lambda: note.Verifier.parse("a+00000000+" + base64.b64encode(b"\1" + bytes(32)).decode()),
        lambda: note.Verifier.parse("a+00000000+" + base64.b64encode(b"\2" + bytes(32)).decode()),
        lambda: note.split(SIGNED * 500),
        lambda: note.split(SIGNED + "— a AAAAAAA=\n" * 100),
        lambda: note.split(SIGNED + "— a AAAA\n"),
        lambda: note.split(SIGNED + "- a AAAAAAA=\n"),
        lambda: note.split(SIGNED[:-1]),
    ],
)
def test_malformed_note_or_key_is_refused(make: Any) -> None:
    with pytest.raises(LogError):
        make()


@settings(max_examples=300)
@given(
    st.text(max_size=200) | st.text("— abc=+AZ19\n\x00\ud800", max_size=60),
    st.sampled_from(["", SIGNED, CHECKPOINT.text + "\n"]),
)
def test_no_text_escapes_the_error_tree(text: str, before: str) -> None:
    for read in (Checkpoint.parse, note.split, note.Verifier.parse):
        with contextlib.suppress(LogError):
            read(before + text)
    with contextlib.suppress(LogError):
        verify(before + text, LOG, [WITNESSED])


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
