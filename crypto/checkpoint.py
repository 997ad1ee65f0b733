"""A log's checkpoint, the signed statement of its size and root (C2SP tlog-checkpoint v1).

origin
size, in decimal
base64 of the root hash
extension lines, if any
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto import note
from crypto.errors import LogError
from crypto.keys import SigningKey
from crypto.merkle import verify_consistency

_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\Z", re.ASCII)
_ROOT: Final = re.compile(r"[A-Za-z0-9+/]{43}=\Z", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """What a log said of itself.

    Attributes:
        origin: the log's name, which is also its key's name.
        size: the number of leaves.
        root: 32 bytes.
        extensions: further lines, without their newlines.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(line and "\n" not in line for line in lines):
            raise LogError("A checkpoint has an empty or broken line.", code="checkpoint")
        if not 0 <= self.size < 2**63 or len(self.root) != 32:
            raise LogError("A checkpoint states an impossible size or root.", code="checkpoint")

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note; raises `LogError` (`checkpoint`)."""
        origin, *rest = text.removesuffix("\n").split("\n")
        if (
            not text.endswith("\n")
            or len(rest) < 2
            or not _SIZE.match(rest[0])
            or not _ROOT.match(rest[1])
        ):
            raise LogError("A checkpoint is malformed.", code="checkpoint")
        try:
            root = base64.b64decode(rest[1], validate=True)
        except binascii.Error:
            raise LogError("A checkpoint is malformed.", code="checkpoint") from None
        if base64.b64encode(root).decode() != rest[1]:
            raise LogError("A checkpoint's root is in a second spelling.", code="checkpoint")
        return cls(origin, int(rest[0]), root, tuple(rest[2:]))

    @property
    def text(self) -> str:
        root = base64.b64encode(self.root).decode()
        return "".join(
            f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions)
        )

    def sign(self, key: SigningKey) -> str:
        """The signed note of this checkpoint, by the log's key under the origin as its name."""
        return note.sign(self.text, key, self.origin)


def verify(
    signed: str, log: note.Verifier, witnesses: Sequence[note.Verifier] = ()
) -> tuple[Checkpoint, list[note.Signature]]:
    """The checkpoint in a signed note, and the signatures of the log and of known witnesses.

    Raises:
        LogError: malformed, of another origin (`origin`), or not signed by the log (`unsigned`).
    """
    text, signatures = note.verify(signed, [log, *witnesses])
    checkpoint = Checkpoint.parse(text)
    if checkpoint.origin != log.name:
        raise LogError("The checkpoint is of another log.", code="origin")
    if not any(signature.verifier == log for signature in signatures):
        raise LogError("The log did not sign its checkpoint.", code="unsigned")
    return checkpoint, signatures


def verify_growth(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that a log only grew from one checkpoint to the next.

    Args:
        proof: the consistency proof between their sizes; empty where either size is 0 or both are
            equal.

    Raises:
        LogError: another log (`origin`), a smaller size (`rollback`), one size with two roots
            (`fork`), or a proof that does not hold (`consistency`).
    """
    if old.origin != new.origin:
        raise LogError("The checkpoints are of two logs.", code="origin")
    if new.size < old.size:
        raise LogError("The log shrank: it was rolled back.", code="rollback")
    if new.size == old.size and new.root != old.root:
        raise LogError("The log shows two trees of one size.", code="fork")
    if old.size:
        verify_consistency(old.size, new.size, old.root, new.root, proof)
    elif proof:
        raise LogError("A log grows from nothing without proof.", code="consistency")
