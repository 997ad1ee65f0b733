"""Every key of a wallet, out of its one seed of 32 bytes.

Keyed BLAKE2b with a personalisation for each purpose (RFC 7693; the construction of libsodium's
``crypto_kdf``): from one key nobody learns another, nor the seed.
"""

import hashlib
from typing import Final

from crypto import ReplyKey, SigningKey

SEED_BYTES: Final = 32


def pseudonym(seed: bytes, index: int) -> SigningKey:
    """Derive the Ed25519 key of the wallet's request with this index."""
    return SigningKey.from_seed(_derive(seed, b"vrm pseudonym", index))


def reply_key(seed: bytes, index: int) -> ReplyKey:
    """Derive the X25519 key to which answers to the request with this index are sealed."""
    return ReplyKey.from_seed(_derive(seed, b"vrm reply key", index))


def profile_key(seed: bytes) -> SigningKey:
    """Derive the key that signs the owner's profile; it signs no request."""
    return SigningKey.from_seed(_derive(seed, b"vrm profile", 0))


def state_key(seed: bytes) -> bytes:
    """Derive the 32-byte key under which the wallet's state is kept."""
    return _derive(seed, b"vrm state", 0)


def _derive(seed: bytes, purpose: bytes, index: int) -> bytes:
    return hashlib.blake2b(
        index.to_bytes(8, "big"), key=seed, person=purpose, digest_size=32
    ).digest()
