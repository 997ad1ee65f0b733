"""W3C Data Integrity proofs, cryptosuite eddsa-jcs-2022, by did:key.

Sources: W3C Verifiable Credential Data Integrity 1.0; Data Integrity EdDSA Cryptosuites 1.0,
section 3.3. What is signed is

    SHA-256(canonical(proof without proofValue)) || SHA-256(canonical(document without proof))

under Ed25519. A document with an `@context` has the same `@context` inside its proof.

Verification, in order; the first step that fails names the error's code:

1. the document carries one proof (`missing-proof`), with exactly the members that `sign` writes
   (`proof-shape`), and no `created` where a clock would link (`created-forbidden`);
2. the proof's purpose is the one that the caller expects (`wrong-purpose`);
3. its verification method is the expected signer's did:key (`wrong-key`);
4. its value is 64 bytes in canonical base58btc (`proof-shape`);
5. the signature holds (`bad-signature`).

A countersigned document has a list of two such proofs, its author's first. Each signs the document
without proofs, so that neither changes the document's identity.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from crypto.canonical import canonical, unsigned
from crypto.encoding import base58_decode, base58_encode
from crypto.errors import EncodingError, KeyFormatError, ProofError
from crypto.ijson import JsonValue
from crypto.keys import SigningKey, VerifyKey, verification_method

TYPE: Final = "DataIntegrityProof"
CRYPTOSUITE: Final = "eddsa-jcs-2022"

_REQUIRED: Final = frozenset(
    ("type", "cryptosuite", "verificationMethod", "proofPurpose", "proofValue")
)
_SHAPES: Final = {
    (False, False): _REQUIRED,
    (False, True): _REQUIRED | {"created"},
    (True, False): _REQUIRED | {"@context"},
    (True, True): _REQUIRED | {"@context", "created"},
}
"""The members of a proof, by whether there is an `@context` and a `created`."""
_CREATED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


def sign(
    document: Mapping[str, object],
    key: SigningKey,
    *,
    purpose: str = "assertionMethod",
    created: str | None = None,
) -> dict[str, JsonValue]:
    """The document with the key's proof, in place of any that it had.

    Args:
        created: RFC 3339 in UTC with whole seconds, or None where a clock would link.

    Raises:
        DocumentError: the document is outside the strict subset.
        ProofError: `created` has another form.
    """
    bare = unsigned(document)
    signed = {**bare, "proof": _prove(bare, key, purpose, created)}
    return cast(dict[str, JsonValue], signed)


def countersign(
    document: Mapping[str, object],
    key: SigningKey,
    *,
    purpose: str = "assertionMethod",
    created: str | None = None,
) -> dict[str, JsonValue]:
    """The singly signed document with a second party's proof beside its author's.

    The author's proof is taken as it stands: whoever countersigns has verified it first.

    Raises:
        DocumentError: the document is outside the strict subset.
        ProofError: there is not exactly one proof, or it is by the same key.
    """
    first = document.get("proof")
    if not isinstance(first, dict):
        raise ProofError("A document to countersign carries one proof.", code="missing-proof")
    if first.get("verificationMethod") == key.verification_method:
        raise ProofError("Nobody countersigns their own document.", code="wrong-key")
    bare = unsigned(document)
    signed = {**bare, "proof": [first, _prove(bare, key, purpose, created)]}
    return cast(dict[str, JsonValue], signed)


def verify(
    document: Mapping[str, object],
    *,
    signer: str,
    purpose: str = "assertionMethod",
    allow_created: bool = True,
) -> bytes:
    """Check that `signer`, a did:key, signed the document for `purpose`.

    Returns the SHA-256 of the document's canonical unsigned form: its identity as bytes.

    Raises:
        DocumentError: the document is outside the strict subset.
        ProofError: a step of the module's list fails; its code says which.
    """
    proof = document.get("proof")
    if proof is None:
        raise ProofError("The document is not signed.", code="missing-proof")
    bare = unsigned(document)
    claim = _read(bare, proof, signer, purpose, allow_created=allow_created)
    document_hash = _hash(bare)
    claim.key.verify(claim.options_hash + document_hash, claim.signature)
    return document_hash


def verify_countersigned(
    document: Mapping[str, object],
    *,
    author: str,
    countersigner: str,
    purpose: str = "assertionMethod",
    countersign_purpose: str = "assertionMethod",
) -> None:
    """Check that `author` signed the document and that `countersigner` did so too.

    Raises:
        DocumentError: the document is outside the strict subset.
        ProofError: as `verify` has it, for either proof; a single proof is `missing-proof`.
    """
    proofs = document.get("proof")
    if not isinstance(proofs, list) or len(proofs) != 2:
        raise ProofError("The document is not countersigned.", code="missing-proof")
    if author == countersigner:
        raise ProofError("Nobody countersigns their own document.", code="wrong-key")
    bare = unsigned(document)
    first = _read(bare, proofs[0], author, purpose, allow_created=True)
    second = _read(bare, proofs[1], countersigner, countersign_purpose, allow_created=True)
    document_hash = _hash(bare)
    for claim in (first, second):
        claim.key.verify(claim.options_hash + document_hash, claim.signature)


@dataclass(frozen=True)
class _Claim:
    """A proof that was read and compared, but whose signature was not verified."""

    key: VerifyKey
    options_hash: bytes
    signature: bytes


def _prove(
    bare: dict[str, object], key: SigningKey, purpose: str, created: str | None
) -> dict[str, object]:
    proof: dict[str, object] = {
        "type": TYPE,
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": key.verification_method,
        "proofPurpose": purpose,
    }
    if "@context" in bare:
        proof["@context"] = bare["@context"]
    if created is not None:
        if not _CREATED.match(created):
            raise ProofError("A proof's time is RFC 3339 in UTC.", code="proof-shape")
        proof["created"] = created
    proof["proofValue"] = base58_encode(key.sign(_hash(proof) + _hash(bare)))
    return proof


def _read(
    bare: dict[str, object], proof: object, signer: str, purpose: str, *, allow_created: bool
) -> _Claim:
    """Steps 1 to 4 of the module's list, which cost little, before anything is hashed."""
    members = _checked_shape(bare, proof, allow_created)
    if members["proofPurpose"] != purpose:
        raise ProofError("The proof is for another purpose.", code="wrong-purpose")
    if members["verificationMethod"] != verification_method(signer):
        raise ProofError("The proof is by another key.", code="wrong-key")
    try:
        key = VerifyKey.from_did(signer)
    except KeyFormatError as error:
        raise ProofError("The signer is no usable did:key.", code="wrong-key") from error
    try:
        signature = base58_decode(str(members["proofValue"]), 64)
    except EncodingError as error:
        raise ProofError("The proof's value is malformed.", code="proof-shape") from error
    options = {name: value for name, value in members.items() if name != "proofValue"}
    return _Claim(key, _hash(options), signature)


def _checked_shape(
    bare: dict[str, object], proof: object, allow_created: bool
) -> dict[str, object]:
    if type(proof) is not dict:
        raise ProofError("The document does not carry one single proof.", code="proof-shape")
    members = cast(dict[str, object], proof)
    if "created" in members and not allow_created:
        raise ProofError("This proof must not tell its time.", code="created-forbidden")
    expected = _SHAPES["@context" in bare, "created" in members]
    if members.keys() != expected:
        raise ProofError("The proof has members too many or too few.", code="proof-shape")
    if not all(type(members[name]) is str for name in expected if name != "@context"):
        raise ProofError("A member of the proof is not text.", code="proof-shape")
    if members["type"] != TYPE or members["cryptosuite"] != CRYPTOSUITE:
        raise ProofError("The proof is of another cryptosuite.", code="proof-shape")
    if "created" in members and not _CREATED.match(str(members["created"])):
        raise ProofError("A proof's time is RFC 3339 in UTC.", code="proof-shape")
    if members.get("@context") != bare.get("@context"):
        raise ProofError("The proof is for another @context.", code="proof-shape")
    return members


def _hash(value: dict[str, object]) -> bytes:
    return hashlib.sha256(canonical(value)).digest()
