"""Sealed messages: signed by the sender, then sealed to one X25519 key.

Inside the box is a signed document

    {"type": "SealedMessage", "v": 1, "sender": did, "recipient": "z6LS...", "request": digest,
     "purpose": text, "content": {...}, "proof": {...}}

The signature names sender, recipient, request and purpose. So a recipient cannot pass the message
on as if it had been written to somebody else, about another request or as something else, and a
market in the middle can neither read nor graft it. The box itself is anonymous; the proof carries
no time. What is *not* given: deniability (the recipient can show the signed document to others) and
forward secrecy beyond the recipient's key, which is therefore used once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import nacl.utils

from crypto import proof, sealed
from crypto.canonical import canonical
from crypto.errors import DocumentError, KeyFormatError, ProofError, SealError
from crypto.ijson import JsonValue, parse
from crypto.keys import Random, ReplyKey, ReplyPublicKey, SigningKey

TYPE: Final = "SealedMessage"

_MEMBERS: Final = frozenset(
    ("type", "v", "sender", "recipient", "request", "purpose", "content", "proof")
)


@dataclass(frozen=True)
class Message:
    """An opened message, whose signature held.

    Attributes:
        sender: the sender's did:key.
        request: the digest of the request that it is about.
        purpose: what it is, such as `disclosure`.
        document: the signed document itself, to keep as evidence.
    """

    sender: str
    request: str
    purpose: str
    content: dict[str, JsonValue]
    document: dict[str, JsonValue]


def seal(
    content: Mapping[str, object],
    *,
    sender: SigningKey,
    recipient: ReplyPublicKey,
    request: str,
    purpose: str,
    random: Random = nacl.utils.random,
) -> bytes:
    """Sign and seal `content` to `recipient`.

    Raises:
        DocumentError: the content is outside the strict subset.
        SealError: the signed document is over `sealed.MAX_MESSAGE` bytes (`too-large`).
    """
    document = write(content, sender=sender, recipient=recipient, request=request, purpose=purpose)
    return sealed.seal(canonical(document), recipient, random=random)


def write(
    content: Mapping[str, object],
    *,
    sender: SigningKey,
    recipient: ReplyPublicKey,
    request: str,
    purpose: str,
) -> dict[str, JsonValue]:
    """The signed document that `seal` seals, for a sender who keeps it.

    Raises:
        DocumentError: the content is outside the strict subset.
    """
    document = {
        "type": TYPE,
        "v": 1,
        "sender": sender.did,
        "recipient": recipient.text,
        "request": request,
        "purpose": purpose,
        "content": dict(content),
    }
    return proof.sign(document, sender)


def unseal(box: bytes, key: ReplyKey, *, sender: str | None, request: str, purpose: str) -> Message:
    """Open a box and check that it says what its receiver takes it for.

    Args:
        sender: the did:key that must have written it; None where the message introduces its
            sender, whom the caller then judges by `Message.sender`.

    Raises:
        SealError: it does not open (`sealed`), holds no signed message (`content`), or was written
            by another sender, to another recipient, about another request or for another purpose
            (`sender`, `recipient`, `request`, `purpose`), or its signature does not hold
            (`signature`).
    """
    try:
        document = parse(sealed.unseal(box, key))
    except DocumentError as error:
        raise SealError("A sealed message holds no document.", code="content") from error
    return check(document, sender=sender, recipient=key.public, request=request, purpose=purpose)


def check(
    document: dict[str, JsonValue],
    *,
    sender: str | None,
    recipient: ReplyPublicKey,
    request: str,
    purpose: str,
) -> Message:
    """Check the signed document out of a box, for whoever was shown it; else like `unseal`."""
    _check_shape(document)
    expected = {
        "sender": document["sender"] if sender is None else sender,
        "recipient": recipient.text,
        "request": request,
        "purpose": purpose,
    }
    for name, value in expected.items():
        if document[name] != value:
            raise SealError(f"A sealed message names another {name}.", code=name)
    author = str(document["sender"])
    try:
        proof.verify(document, signer=author, allow_created=False)
    except (ProofError, KeyFormatError) as error:
        raise SealError("A sealed message's signature does not hold.", code="signature") from error
    content = cast(dict[str, JsonValue], document["content"])
    return Message(author, request, purpose, content, document)


def _check_shape(document: Mapping[str, object]) -> None:
    if (
        document.keys() != _MEMBERS
        or document["type"] != TYPE
        or type(document["v"]) is not int
        or document["v"] != 1
        or type(document["content"]) is not dict
    ):
        raise SealError("A sealed message is malformed.", code="content")
