"""What the log proves of a day: that its documents are there, and what decided before the freeze; the seed."""

import hashlib
from collections.abc import Iterator
from typing import Final

import numpy as np

import crypto
from crypto import checkpoint, merkle
from crypto.checkpoint import Checkpoint
from crypto.errors import LogError
from crypto.multiproof import root_of
from crypto.note import Verifier
from marketplace.resolver.ids import raw_ids
from marketplace.verify.cascade import assignment_of
from marketplace.verify.day import Day, Leaves, joined
from marketplace.verify.documents import DELIVERY, DISPLACED
from marketplace.verify.findings import BundleFault

BLOCK: Final = 1 << 14


def check_log(day: Day, since: str = "") -> None:
    """Check the checkpoints, and that the log's tree holds the documents.

    Args:
        since: the note of a checkpoint that somebody kept from before; empty for none.

    Raises:
        BundleFault: the bundle has no proof from that checkpoint.
    """
    log = Verifier.parse(day.rules.log)
    freeze = _checkpoint(day, day.header.freeze, log, "checkpoint at the freeze")
    head = _checkpoint(day, day.header.head, log, "checkpoint at the head")
    _add_time_outs(day)
    if freeze is not None:
        day.findings.expect("log", "report, log_size", day.report.log_size, freeze.size)
        root = crypto.base64url_encode(freeze.root)
        day.findings.expect("log", "report, log_root", day.report.log_root, root)
        _check_leaves(day, day.early, freeze, "freeze")
    if head is not None:
        _check_leaves(day, day.late, head, "head")
    if freeze is not None and head is not None:
        _check_growth(day, freeze, head, "growth", "the checkpoint at the freeze")
    if since and head is not None:
        _check_since(day, since, log, freeze, head)


def check_seed(day: Day) -> None:
    """Follow the chain from the seed to the anchor, which the market fixed before anybody bid."""
    value = crypto.base64url_decode(day.report.seed)
    for _ in range(day.header.ordinal):
        value = hashlib.sha256(value).digest()
    if crypto.base64url_encode(value) != day.rules.seed_anchor:
        what = f"hashed {day.header.ordinal} times it does not give the descriptor's anchor"
        day.findings.add("seed", f"seed {day.report.seed}", what)
    day.findings.checked["seed"] += 1


def _checkpoint(day: Day, note: str, log: Verifier, name: str) -> Checkpoint | None:
    try:
        return checkpoint.verify(note, log)[0]
    except LogError as error:
        day.findings.add("log", name, str(error))
        return None


def _add_time_outs(day: Day) -> None:
    """Where the time ran out, the assignment is the evidence; the log holds it as it holds Declines."""
    for wave in day.waves:
        for row in joined(wave.displaced, DISPLACED):
            digest = bytes(row["digest"])
            if not digest:
                given = assignment_of(day, row["request"], int(row["assigned_at"]))
                if given is None:
                    continue
                digest = bytes(given["digest"])
            day.late.add([row["leaf"]], [digest])
    for row in joined(day.deliveries, DELIVERY):
        given = assignment_of(day, row["request"], int(row["tick"]))
        if row["overdue"] >= 0 and given is not None:
            day.late.add([row["overdue"]], [bytes(given["digest"])])


def _check_leaves(day: Day, leaves: Leaves, tree: Checkpoint, name: str) -> None:
    findings = day.findings
    numbers = np.concatenate([*leaves.numbers, np.empty(0, dtype=np.int64)])
    digests = np.concatenate([*leaves.digests, np.empty(0, dtype="S43")])
    leaves.numbers.clear()
    leaves.digests.clear()
    findings.checked["leaves"] += len(numbers)
    readable = digests != b""
    numbers, digests = numbers[readable], digests[readable]
    for row in np.flatnonzero(numbers >= tree.size).tolist():
        what = f"its leaf {numbers[row]} is not among the {tree.size} of the checkpoint"
        findings.add("log", digests[row].decode(), what)
    inside = np.flatnonzero(numbers < tree.size)
    order = inside[np.argsort(numbers[inside], kind="stable")]
    numbers, digests = numbers.take(order), digests.take(order)
    again = np.flatnonzero(numbers[1:] == numbers[:-1]) + 1
    for row in again[digests[again] != digests[again - 1]].tolist():
        what = f"it claims leaf {numbers[row]}, as {digests[row - 1].decode()} does"
        findings.add("log", digests[row].decode(), what)
    once = np.ones(len(numbers), dtype=np.bool_)
    once[again] = False
    size, proof = day.proofs.get(name, (tree.size, []))
    findings.expect("log", f"size of the proof ({name})", size, tree.size)
    try:
        root = root_of(_hashed(numbers[once], digests[once]), tree.size, proof)
    except LogError as error:
        findings.add("log", f"proof ({name})", str(error))
        return
    if root != tree.root:
        what = (
            "the log's checkpoint does not hold the bundle's documents at the leaves that they name"
        )
        findings.add("log", f"proof ({name})", what)


def _hashed(
    numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    digests: "np.ndarray[tuple[int], np.dtype[np.bytes_]]",
) -> Iterator[tuple[int, bytes]]:
    for first in range(0, len(numbers), BLOCK):
        raw = raw_ids(digests[first : first + BLOCK]).tobytes()
        for at, number in enumerate(numbers[first : first + BLOCK].tolist()):
            yield number, merkle.leaf_hash(raw[at * 32 : at * 32 + 32])


def _check_growth(day: Day, old: Checkpoint, new: Checkpoint, name: str, what: str) -> None:
    size, proof = day.proofs.get(name, (old.size, []))
    try:
        if size != old.size:
            raise LogError(f"The proof is from a size of {size}.")
        checkpoint.verify_growth(old, new, proof)
    except LogError as error:
        day.findings.add("log", f"growth since {what}", str(error))


def _check_since(
    day: Day, since: str, log: Verifier, freeze: Checkpoint | None, head: Checkpoint
) -> None:
    kept = _checkpoint(day, since, log, "the checkpoint that was kept")
    if kept is None:
        return
    for known in filter(None, (freeze, head)):
        if kept.size == known.size:
            _check_growth(day, kept, known, "", "the checkpoint that was kept")
            return
    size, _ = day.proofs.get("since", (None, []))
    if kept.size > head.size:
        raise BundleFault(
            f"The checkpoint that was kept, of {kept.size} leaves, is newer than the bundle; download it again."
        )
    if size != kept.size:
        raise BundleFault(
            f"The bundle has no proof from {kept.size} leaves on; download it with --since {kept.size}."
        )
    _check_growth(day, kept, head, "since", "the checkpoint that was kept")
