"""Signed notes, the envelope of a log's checkpoints (C2SP signed-note v1).

    text, one or more lines, each ended by a newline
    an empty line
    one or more lines: em dash, space, key name, space, base64(key id (4) || signature)

The signed bytes are the text with its last newline. A key is written for verifiers as
`name+hash+base64(type || public key)`, where hash is the key id in hex and

    key id = SHA-256(name || newline || type || public key)[:4]

Type 0x01 is Ed25519 over the text. Type 0x04 is a witness's cosignature (C2SP tlog-cosignature):
8 bytes of seconds since the epoch, then Ed25519 over `cosignature/v1`, that time, and the text.
Signature lines by keys that the verifier does not know are skipped.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from crypto.errors import KeyFormatError, LogError, ProofError
from crypto.keys import SigningKey, VerifyKey

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_NOTE: Final = 65536
MAX_SIGNATURES: Final = 100

_NAME: Final = re.compile(r"[^\s+\0-\x1f\x7f\ud800-\udfff]+\Z")
_UNPRINTABLE: Final = re.compile(r"[\0-\x09\x0b-\x1f\x7f\ud800-\udfff]")
_LINE: Final = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})\Z")


@dataclass(frozen=True)
class Verifier:
    """A key that may sign notes, under its name.

    Raises:
        LogError: the name is empty or holds a space, plus or control character (`key`).
    """

    name: str
    key: VerifyKey
    kind: Literal[0x01, 0x04] = ED25519

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise LogError("A note's key has an unusable name.", code="key")

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read `name+hash+base64`; raises `LogError` (`key`)."""
        parts = text.split("+", 2)
        raw = _base64(parts[-1], "key")
        if len(parts) != 3 or len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            raise LogError("A note's verifier key is malformed.", code="key")
        try:
            key = VerifyKey(raw[1:])
        except KeyFormatError as error:
            raise LogError("A note's verifier key is no safe key.", code="key") from error
        verifier = cls(parts[0], key, ED25519 if raw[0] == ED25519 else COSIGNATURE)
        if verifier.key_id.hex() != parts[1]:
            raise LogError("A note's verifier key does not match its hash.", code="key")
        return verifier

    @property
    def text(self) -> str:
        raw = base64.b64encode(bytes([self.kind]) + self.key.raw).decode()
        return f"{self.name}+{self.key_id.hex()}+{raw}"

    @cached_property
    def key_id(self) -> bytes:
        return hashlib.sha256(
            self.name.encode() + b"\n" + bytes([self.kind]) + self.key.raw
        ).digest()[:4]


@dataclass(frozen=True)
class Signature:
    """A verified signature on a note; `time` is a cosignature's, in seconds since the epoch."""

    verifier: Verifier
    time: int | None = None


def sign(text: str, key: SigningKey, name: str) -> str:
    """A note: `text`, which ends with a newline, and the key's signature.

    Raises:
        LogError: the text or the name cannot stand in a note.
    """
    _check_text(text)
    verifier = Verifier(name, key.public)
    return f"{text}\n{_line(verifier, key.sign(text.encode()))}"


def cosign(note: str, key: SigningKey, name: str, *, time: int) -> str:
    """The note with a witness's signature line added; `time` in seconds since the epoch.

    Raises:
        LogError: the note is malformed, or the time is not in 1 to 2^63 - 1.
    """
    text, _ = split(note)
    if not 0 < time < 2**63:
        raise LogError("A cosignature states a time after the epoch.", code="time")
    verifier = Verifier(name, key.public, COSIGNATURE)
    return note + _line(verifier, struct.pack(">Q", time) + key.sign(_cosigned(text, time)))


def verify(note: str, verifiers: Sequence[Verifier]) -> tuple[str, list[Signature]]:
    """The note's text and those of `verifiers` who signed it: at least one.

    Raises:
        LogError: the note is malformed (`note`), a known key's signature does not hold
            (`signature`), or no known key signed (`unsigned`).
    """
    text, lines = split(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found: dict[Verifier, Signature] = {}
    for name, raw in lines:
        verifier = known.get((name, raw[:4]))
        if verifier is not None and verifier not in found:
            found[verifier] = _check(text, verifier, raw[4:])
    if not found:
        raise LogError("No known key signed the note.", code="unsigned")
    return text, list(found.values())


def split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text, and name and bytes of each signature line, none of them verified.

    Raises:
        LogError: the note is malformed (`note`).
    """
    if len(note) > MAX_NOTE:
        raise LogError("A note is too long.", code="note")
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise LogError("A note has no signature lines.", code="note")
    text = head + "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise LogError("A note has too many signature lines.", code="note")
    return text, [_read(line) for line in lines]


def _check(text: str, verifier: Verifier, signature: bytes) -> Signature:
    time: int | None = None
    signed = text.encode()
    if verifier.kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        signed = _cosigned(text, time)
    try:
        verifier.key.verify(signed, signature)
    except ProofError as error:
        raise LogError("A known key's signature does not hold.", code="signature") from error
    return Signature(verifier, time)


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"— {verifier.name} {base64.b64encode(verifier.key_id + signature).decode()}\n"


def _read(line: str) -> tuple[str, bytes]:
    match = _LINE.match(line)
    if match is None or not _NAME.match(match[1]):
        raise LogError("A signature line is malformed.", code="note")
    raw = _base64(match[2], "note")
    if len(raw) < 5:
        raise LogError("A signature line is too short.", code="note")
    return match[1], raw


def _check_text(text: str) -> None:
    if not text.endswith("\n") or len(text) < 2 or _UNPRINTABLE.search(text):
        raise LogError("A note is printable lines, each ended by a newline.", code="note")


def _base64(text: str, code: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise LogError("A signed note holds malformed base64.", code=code) from None
    if not hmac.compare_digest(base64.b64encode(raw), text.encode()):
        raise LogError("A signed note holds base64 in a second spelling.", code=code)
    return raw
