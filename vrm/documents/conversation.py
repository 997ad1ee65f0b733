"""What customer and vendor write to each other about an assignment: sealed, counted, and provable later.

Each message is a sealed message (`crypto.messages`) for the purpose `PURPOSE`: the customer's to the one-time
key of the vendor's Acceptance, the vendor's to the reply key of the request. What it says is a `Said`. All have
one length, that of a Disclosure, whatever they say.

The document round the box carries a `commitment`: SHA-256 of the canonical signed message that is sealed, which
holds a salt. It tells nothing; but whoever has opened the box, or has sealed it, can show the signed message to
others later, who see by the commitment, which is in the log with the document's digest, that its sender wrote
this very message then. What is in a box only its receiver can tell: one that does not match its commitment is
refused there, and is no message to anybody else who is shown what the sender has committed to.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

import crypto
from crypto import messages, sealed
from crypto.canonical import canonical
from vrm.documents.base import Document, Part
from vrm.documents.disclosure import BOX_BYTES, Box
from vrm.documents.scalars import Did, Digest, Salt, text_is_clean
from vrm.errors import InvalidDocument

PURPOSE: Final = "message"

MOST_BYTES: Final = BOX_BYTES - sealed.OVERHEAD - 1
"""Of a signed message in its canonical form: what fits into the box."""

Number = Annotated[int, Meta(ge=1, le=100_000)]
"""A message's place among its sender's about one assignment: 1, 2, 3 and so on, without a gap."""


class Said(Part, frozen=True, kw_only=True):
    """What a sealed message says."""

    assignment: Digest
    number: Number
    salt: Salt
    text: Annotated[str, Meta(min_length=1, max_length=1300)]
    """Also at most as many bytes as fit into the box."""


class Message(Document, frozen=True, kw_only=True):
    """A customer's sealed message to the vendor that accepted."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Message"] = "Message"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    number: Number
    commitment: Digest
    sealed: Box


class VendorMessage(Document, frozen=True, kw_only=True):
    """A vendor's sealed message to the customer whose assignment it has accepted."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["VendorMessage"] = "VendorMessage"
    market: Did
    vendor: Did
    request: Digest
    assignment: Digest
    number: Number
    commitment: Digest
    sealed: Box


class Written(msgspec.Struct, frozen=True):
    """A message on its way."""

    inside: dict[str, Any]
    """The signed message itself, for its sender to keep."""
    commitment: str
    sealed: str


def write(
    text: str,
    number: int,
    assignment: str,
    *,
    request: str,
    sender: crypto.SigningKey,
    recipient: crypto.ReplyPublicKey,
) -> Written:
    """Sign and seal the next message of a sender about an assignment of a request.

    Raises:
        ValueError: the text is empty, too long to look like all others, or not clean.
    """
    salt = crypto.base64url_encode(secrets.token_bytes(16))
    content = {"assignment": assignment, "number": number, "salt": salt, "text": text}
    try:
        _said(content)
        inside = messages.write(
            content, sender=sender, recipient=recipient, request=request, purpose=PURPOSE
        )
        box = sealed.seal(canonical(inside), recipient)
    except (InvalidDocument, crypto.CryptoError) as error:
        raise ValueError(str(error)) from error
    if len(box) != BOX_BYTES:
        raise ValueError("It is too long to look like all others.")
    return Written(inside, commitment_of(inside), crypto.base64url_encode(box))


class Sent(msgspec.Struct, frozen=True):
    """What is known of a message that was sent, whoever looks at it."""

    sender: str
    recipient: str
    """The key that it was sealed to, as multibase."""
    request: str
    assignment: str
    number: int
    commitment: str

    @classmethod
    def of(cls, message: Message | VendorMessage, recipient: str) -> "Sent":
        """What a document says of the message in it."""
        return cls(
            message.signer,
            recipient,
            message.request,
            message.assignment,
            message.number,
            message.commitment,
        )


def unseal(message: Message | VendorMessage, key: crypto.ReplyKey) -> tuple[Said, dict[str, Any]]:
    """Open a message; answers what it says, and the signed message to keep.

    Raises:
        crypto.CryptoError: it does not open with this key, or is not by the document's signer to this key about
            its request.
        InvalidDocument: what was sealed is not what the document commits to, or is for another assignment.
    """
    opened = messages.unseal(
        crypto.base64url_decode(message.sealed),
        key,
        sender=message.signer,
        request=message.request,
        purpose=PURPOSE,
    )
    sent = Sent.of(message, key.public.text)
    return _committed(sent, opened.document), opened.document


def check_shown(inside: Mapping[str, Any], sent: Sent) -> Said:
    """Check a signed message that somebody shows against what is known of the one that was sent.

    Raises:
        crypto.CryptoError, InvalidDocument: it is not the one; see `unseal`.
    """
    messages.check(
        dict(inside),
        sender=sent.sender,
        recipient=crypto.ReplyPublicKey.from_text(sent.recipient),
        request=sent.request,
        purpose=PURPOSE,
    )
    return _committed(sent, inside)


def commitment_of(inside: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form of a signed message, its proof included; base64url."""
    return crypto.base64url_encode(hashlib.sha256(canonical(inside)).digest())


def _committed(sent: Sent, inside: Mapping[str, Any]) -> Said:
    if commitment_of(inside) != sent.commitment:
        detail = "It is not the message that its document commits to."
        raise InvalidDocument("wrong-commitment", detail, "commitment")
    if len(canonical(inside)) > MOST_BYTES:
        raise InvalidDocument("wrong-commitment", "It is longer than a box can be.", "commitment")
    said = _said(inside["content"])
    if (said.assignment, said.number) != (sent.assignment, sent.number):
        detail = "It is about another assignment, or out of its place."
        raise InvalidDocument("wrong-commitment", detail, "assignment")
    return said


def _said(content: Mapping[str, Any]) -> Said:
    try:
        said = msgspec.convert(content, Said)
    except msgspec.ValidationError as error:
        raise InvalidDocument("invalid-field", f"Its text: {error}.", "text") from error
    if not text_is_clean(said.text):
        raise InvalidDocument("unclean-text", "Its text has characters that do not show.", "text")
    return said
