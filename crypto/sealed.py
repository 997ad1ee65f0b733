"""Sealed boxes: bytes that only the holder of one X25519 key can read, of unrevealing length.

The wire form is libsodium's `crypto_box_seal`: an ephemeral public key, then
XSalsa20-Poly1305 under a nonce of BLAKE2b-192(ephemeral key || recipient's key), so any NaCl
library opens it. The box says nothing about its sender; `crypto.messages` signs what is inside.

Before sealing, the message is padded (ISO/IEC 7816-4: 0x80, then zeros) to the least of a few size
classes, so that its length tells only its class.
"""

from __future__ import annotations

import hashlib
from typing import Final

import nacl.bindings as sodium
import nacl.exceptions
import nacl.utils

from crypto.errors import KeyFormatError, SealError
from crypto.keys import Random, ReplyKey, ReplyPublicKey

SIZE_CLASSES: Final = (512, 2048, 8192, 32768)
"""Lengths in bytes of what is sealed, padding included."""

OVERHEAD: Final = 48
"""Bytes that sealing adds: the ephemeral key and the authenticator."""

MAX_MESSAGE: Final = SIZE_CLASSES[-1] - 1


def seal(message: bytes, to: ReplyPublicKey, *, random: Random = nacl.utils.random) -> bytes:
    """Seal `message`, of at most `MAX_MESSAGE` bytes, to the key `to`.

    Raises:
        SealError: the message is too long for the largest size class (`too-large`).
    """
    ephemeral = ReplyKey.generate(random)
    sender = ephemeral.public.raw
    box = sodium.crypto_box(_pad(message), _nonce(sender, to.raw), to.raw, ephemeral.seed)
    return sender + box


def unseal(sealed: bytes, key: ReplyKey) -> bytes:
    """The message inside a box that was sealed to `key`.

    Raises:
        SealError: it is not for this key, was changed, or is not padded to its size class.
    """
    if len(sealed) - OVERHEAD not in SIZE_CLASSES:
        raise SealError("A sealed message has none of the lengths that occur.", code="size-class")
    try:
        sender = ReplyPublicKey(sealed[:32]).raw
        nonce = _nonce(sender, key.public.raw)
        padded = sodium.crypto_box_open(sealed[32:], nonce, sender, key.seed)
    except (nacl.exceptions.CryptoError, KeyFormatError):
        raise SealError("The sealed message does not open with this key.") from None
    return _unpad(padded)


def _nonce(sender: bytes, recipient: bytes) -> bytes:
    return hashlib.blake2b(sender + recipient, digest_size=24).digest()


def _pad(message: bytes) -> bytes:
    for size in SIZE_CLASSES:
        if len(message) < size:
            return message + b"\x80" + bytes(size - len(message) - 1)
    raise SealError(f"A message to seal has at most {MAX_MESSAGE} bytes.", code="too-large")


def _unpad(padded: bytes) -> bytes:
    message, mark, zeros = padded.rpartition(b"\x80")
    if not mark or zeros.strip(b"\0") or len(_pad(message)) != len(padded):
        raise SealError("A sealed message is not padded to its size class.", code="padding")
    return message
