"""Handing over at the counter: what the vendor shows, and what the customer answers.

The vendor shows a *code*: `ASSIGNMENT_BYTES` of the assignment's digest and a challenge of `CHALLENGE_BYTES`,
which it shows to nobody else, in base32 (RFC 4648), in groups of four. The wallet signs a `Handover` that
names both and *answers* with the proof's value alone, since the vendor knows the rest: so both are short
enough for a screen, a QR code or a piece of paper, and neither side needs the network.
"""

import base64
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

import crypto
from crypto.canonical import canonical
from crypto.keys import verification_method
from vrm.documents.base import Document, Signed, accept
from vrm.documents.scalars import Did, Digest, Salt

ASSIGNMENT_BYTES: Final = 4
CHALLENGE_BYTES: Final = 16
_GROUP: Final = 4


class Handover(Document, frozen=True, kw_only=True):
    """The customer's word, given where it is, that it has what was assigned; as final as that it came."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Handover"] = "Handover"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    challenge: Annotated[Salt, Meta(description="What the vendor showed.")]


def code_of(assignment: str, challenge: str) -> str:
    """Write what a vendor shows: the assignment is a digest, the challenge as in the document."""
    raw = crypto.base64url_decode(assignment)[:ASSIGNMENT_BYTES]
    text = base64.b32encode(raw + crypto.base64url_decode(challenge)).decode()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def read_code(code: str) -> tuple[bytes, str]:
    """Read a code: the beginning of the assignment's digest, and the challenge.

    Raises:
        ValueError: it is none.
    """
    text = "".join(code.split()).replace("-", "").upper()
    try:
        raw = base64.b32decode(text)
    except ValueError:
        raise ValueError("this is no code that a vendor shows") from None
    if len(raw) != ASSIGNMENT_BYTES + CHALLENGE_BYTES:
        raise ValueError("this is no code that a vendor shows")
    return raw[:ASSIGNMENT_BYTES], crypto.base64url_encode(raw[ASSIGNMENT_BYTES:])


def answer_of(handover: Signed[Handover]) -> str:
    """What a wallet answers: the value of the document's proof."""
    return str(msgspec.json.decode(handover.wire)["proof"]["proofValue"])


def whole(body: Handover, answer: str) -> Signed[Handover]:
    """Put a Handover together from what the vendor knows and what the customer answered, and verify it.

    Raises:
        crypto.ProofError: the answer is none, or to another code, or by somebody else.
    """
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": verification_method(body.pseudonym),
        "proofPurpose": "assertionMethod",
        "proofValue": answer.strip(),
    }
    document = {**msgspec.to_builtins(body), "proof": proof}
    return accept(crypto.parse(canonical(document)), Handover)
