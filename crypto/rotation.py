"""Changing keys without changing who one is: a chain of rotations with pre-rotation.

An identity is named for ever by the did:key of its first key, its subject. The chain is a list of
signed documents:

    {"type": "KeyRotation", "v": 1, "subject": did, "seq": 0, "key": did, "next": commitment}
    {"type": "KeyRotation", "v": 1, "subject": did, "seq": n, "key": did, "next": commitment,
     "previous": digest of the document at seq n - 1}

`next` is the SHA-256 of the did:key that comes next, base64url. Each document is signed by the key
that it names, with the purpose `capabilityInvocation`, and that key is the one that its predecessor
committed to. So a thief of today's key cannot rotate: the key that could is known by its hash only,
and kept elsewhere. Nor does a break of Ed25519 itself reveal it.

Whoever follows a chain keeps its `Chain` and extends it. Another document at a place that is
already known is a fork, proof that the owner (or a thief of the next key) signed twice; a chain
shorter than the known one is a rollback.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from crypto import proof
from crypto.canonical import digest
from crypto.encoding import base64url_encode
from crypto.errors import KeyFormatError, ProofError, RotationError
from crypto.ijson import JsonValue
from crypto.keys import SigningKey, VerifyKey

TYPE: Final = "KeyRotation"
PURPOSE: Final = "capabilityInvocation"

_FIRST: Final = frozenset(("type", "v", "subject", "seq", "key", "next", "proof"))
_LATER: Final = _FIRST | {"previous"}


@dataclass(frozen=True)
class Chain:
    """A chain that was checked from its first document.

    Attributes:
        subject: the did:key that names the identity.
        key: the did:key that signs for it now.
        next: the commitment to the key after that.
        digests: the digest of each document, by its seq.
    """

    subject: str
    key: str
    next: str
    digests: tuple[str, ...]

    @property
    def seq(self) -> int:
        return len(self.digests) - 1


def commitment(did: str) -> str:
    """What a document states of the next key: SHA-256 of its did:key, base64url, 43 characters."""
    return base64url_encode(hashlib.sha256(did.encode()).digest())


def incept(key: SigningKey, next_did: str, *, created: str | None = None) -> dict[str, JsonValue]:
    """The first document of an identity, which commits to its second key."""
    return _signed({"subject": key.did, "seq": 0}, key, next_did, created)


def rotate(
    chain: Chain, key: SigningKey, next_did: str, *, created: str | None = None
) -> dict[str, JsonValue]:
    """The document that makes `key` the identity's key.

    Raises:
        RotationError: `key` is not the one that the chain committed to (`wrong-key`).
    """
    if commitment(key.did) != chain.next:
        raise RotationError("This is not the key that was committed to.", code="wrong-key")
    members: dict[str, object] = {
        "subject": chain.subject,
        "seq": chain.seq + 1,
        "previous": chain.digests[-1],
    }
    return _signed(members, key, next_did, created)


def follow(documents: Sequence[Mapping[str, object]]) -> Chain:
    """Check a whole chain from its first document.

    Raises:
        DocumentError: a document is outside the strict subset.
        RotationError: a step does not hold; its code says why (see `extend`).
    """
    if not documents:
        raise RotationError("A chain of keys is empty.", code="shape")
    first = documents[0]
    _check_shape(first, _FIRST)
    if first["seq"] != 0 or first["subject"] != first["key"]:
        raise RotationError("A chain of keys begins with its subject's own key.", code="shape")
    _check_proof(first)
    chain = Chain(str(first["subject"]), str(first["key"]), str(first["next"]), (digest(first),))
    for document in documents[1:]:
        chain = extend(chain, document)
    return chain


def extend(chain: Chain, document: Mapping[str, object]) -> Chain:
    """The chain with one more document; the same chain if it already holds that document.

    Raises:
        DocumentError: the document is outside the strict subset.
        RotationError: it is malformed (`shape`), of another identity (`subject`), another document
            at a known place (`fork`), does not follow on (`gap`, `broken`), names a key that was
            not committed to (`wrong-key`), or is not signed by it (`bad-signature`).
    """
    _check_shape(document, _FIRST if document.get("seq") == 0 else _LATER)
    if document["subject"] != chain.subject:
        raise RotationError("The document rotates another identity's key.", code="subject")
    seq, key, name = cast(int, document["seq"]), str(document["key"]), digest(document)
    if seq <= chain.seq:
        if chain.digests[seq] == name:
            return chain
        _check_proof(document)
        raise RotationError("Two documents claim one place in a chain of keys.", code="fork")
    if seq != chain.seq + 1:
        raise RotationError("A chain of keys has a gap.", code="gap")
    if document["previous"] != chain.digests[-1]:
        raise RotationError("A chain of keys is broken.", code="broken")
    if commitment(key) != chain.next:
        raise RotationError("This is not the key that was committed to.", code="wrong-key")
    _check_proof(document)
    return Chain(chain.subject, key, str(document["next"]), (*chain.digests, name))


def compare(known: Chain, shown: Chain) -> Chain:
    """The longer of two views of one identity's chain, if the shown one extends the known one.

    Raises:
        RotationError: of another identity (`subject`), of another history (`fork`), or shorter
            than what is known (`rollback`).
    """
    if known.subject != shown.subject:
        raise RotationError("The chains are of two identities.", code="subject")
    common = min(len(known.digests), len(shown.digests))
    if known.digests[:common] != shown.digests[:common]:
        raise RotationError("Two chains of one identity part ways.", code="fork")
    if len(shown.digests) < len(known.digests):
        raise RotationError("A chain of keys was rolled back.", code="rollback")
    return shown


def _signed(
    members: Mapping[str, object], key: SigningKey, next_did: str, created: str | None
) -> dict[str, JsonValue]:
    VerifyKey.from_did(next_did)
    document = {
        "type": TYPE,
        "v": 1,
        **members,
        "key": key.did,
        "next": commitment(next_did),
    }
    return proof.sign(document, key, purpose=PURPOSE, created=created)


def _check_shape(document: Mapping[str, object], members: frozenset[str]) -> None:
    texts = members - {"v", "seq", "proof"}
    if (
        document.keys() != members
        or document["type"] != TYPE
        or type(document["v"]) is not int
        or document["v"] != 1
        or type(document["seq"]) is not int
        or document["seq"] < 0
        or any(type(document[name]) is not str for name in texts)
        or len(str(document["next"])) != 43
    ):
        raise RotationError("A key rotation is malformed.", code="shape")


def _check_proof(document: Mapping[str, object]) -> None:
    try:
        proof.verify(document, signer=str(document["key"]), purpose=PURPOSE)
    except (ProofError, KeyFormatError) as error:
        raise RotationError("A key rotation is not signed by its key.", code=error.code) from error
