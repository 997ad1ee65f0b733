"""Sealing letters to the reply keys of requests: pure work, for a thread of its own."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

import crypto
from crypto import messages
from vrm.documents import PersonalRequest, recall
from vrm.documents.mail import Purpose


class Letter(NamedTuple):
    """A document on its way to the owner of a request."""

    purpose: Purpose
    request: str
    request_wire: bytes
    wire: bytes


def seal_all(letters: Iterable[Letter], sender: crypto.SigningKey) -> list[bytes]:
    """Seal each letter, signed by the market, to the reply key that its request names."""
    return [_seal(letter, sender) for letter in letters]


def _seal(letter: Letter, sender: crypto.SigningKey) -> bytes:
    reply_key = recall(letter.request_wire, PersonalRequest).reply_key
    return messages.seal(
        {"document": msgspec.json.decode(letter.wire)},
        sender=sender,
        recipient=crypto.ReplyPublicKey.from_text(reply_key),
        request=letter.request,
        purpose=letter.purpose,
    )
