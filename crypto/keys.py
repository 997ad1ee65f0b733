"""Ed25519 keys that sign (as did:key) and X25519 keys that receive sealed messages.

A did:key is `did:key:` and the multibase base58btc of a multicodec prefix and 32 bytes
(W3C CCG did:key; prefixes 0xed01 for Ed25519, 0xec01 for X25519). Acceptance follows libsodium
(RFC 8032 with canonical S and canonical points), and is stricter for public keys: a point must lie
in the prime-order subgroup, so that small-order and mixed-order keys, under which one signature
can hold for several keys or verifiers can disagree, never get in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

import nacl.bindings as sodium
import nacl.exceptions
import nacl.utils

from crypto.encoding import base58_decode, base58_encode
from crypto.errors import EncodingError, KeyFormatError, ProofError

Random = Callable[[int], bytes]
"""A source of n random bytes; the system's, unless a test brings its own."""

_DID: Final = "did:key:"
_ED25519: Final = b"\xed\x01"
_X25519: Final = b"\xec\x01"
_X25519_PRIME: Final = 2**255 - 19
_X25519_PROBE: Final = bytes(31) + b"\x40"


@dataclass(frozen=True)
class VerifyKey:
    """A public Ed25519 key in the prime-order subgroup.

    Raises:
        KeyFormatError: not 32 bytes, not a canonical point, or of small or mixed order.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.raw, bytes) or len(self.raw) != 32:
            raise KeyFormatError("An Ed25519 public key has 32 bytes.")
        if not sodium.crypto_core_ed25519_is_valid_point(self.raw):
            raise KeyFormatError("An Ed25519 public key is no safe point of the curve.")

    @classmethod
    def from_bytes(cls, raw: bytes) -> VerifyKey:
        """The key whose encoding is `raw`; raises `KeyFormatError`."""
        return cls(raw)

    @classmethod
    def from_did(cls, did: str) -> VerifyKey:
        """The key that a did:key names; raises `KeyFormatError`."""
        return _verify_key(did)

    @cached_property
    def did(self) -> str:
        return _DID + base58_encode(_ED25519 + self.raw)

    @property
    def verification_method(self) -> str:
        return verification_method(self.did)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Accept an Ed25519 signature as libsodium does.

        Raises:
            ProofError: the signature is not this key's over this message.
        """
        if len(signature) != 64:
            raise ProofError("An Ed25519 signature has 64 bytes.")
        try:
            sodium.crypto_sign_open(signature + message, self.raw)
        except nacl.exceptions.CryptoError:
            raise ProofError("The signature does not match.") from None


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key pair, held as its 32-byte seed (RFC 8032 section 5.1.5)."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.seed, bytes) or len(self.seed) != 32:
            raise KeyFormatError("An Ed25519 seed has 32 bytes.")

    @classmethod
    def generate(cls, random: Random = nacl.utils.random) -> SigningKey:
        return cls(random(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        return cls(seed)

    @cached_property
    def _pair(self) -> tuple[bytes, bytes]:
        return sodium.crypto_sign_seed_keypair(self.seed)

    @cached_property
    def public(self) -> VerifyKey:
        return VerifyKey(self._pair[0])

    @property
    def did(self) -> str:
        return self.public.did

    @property
    def verification_method(self) -> str:
        return self.public.verification_method

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature (RFC 8032 section 5.1.6)."""
        return sodium.crypto_sign(message, self._pair[1])[:64]


@dataclass(frozen=True)
class ReplyPublicKey:
    """A public X25519 key, to which a message can be sealed.

    Raises:
        KeyFormatError: not 32 bytes, not below 2^255 - 19, or of low order.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.raw, bytes) or len(self.raw) != 32:
            raise KeyFormatError("An X25519 public key has 32 bytes.")
        if int.from_bytes(self.raw, "little") >= _X25519_PRIME:
            raise KeyFormatError("An X25519 public key is not in its canonical encoding.")
        try:
            # libsodium refuses an all-zero result, which is what every low-order point gives.
            sodium.crypto_scalarmult(_X25519_PROBE, self.raw)
        except (nacl.exceptions.CryptoError, RuntimeError):
            raise KeyFormatError("An X25519 public key is of low order.") from None

    @classmethod
    def from_text(cls, text: str) -> ReplyPublicKey:
        """The key that multibase text `z6LS...` names; raises `KeyFormatError`."""
        return cls(_multikey(text, _X25519))

    @cached_property
    def text(self) -> str:
        return base58_encode(_X25519 + self.raw)


@dataclass(frozen=True)
class ReplyKey:
    """An X25519 key pair, held as its 32-byte secret (RFC 7748 section 5)."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.seed, bytes) or len(self.seed) != 32:
            raise KeyFormatError("An X25519 secret has 32 bytes.")

    @classmethod
    def generate(cls, random: Random = nacl.utils.random) -> ReplyKey:
        return cls(random(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> ReplyKey:
        return cls(seed)

    @cached_property
    def public(self) -> ReplyPublicKey:
        return ReplyPublicKey(sodium.crypto_scalarmult_base(self.seed))


def verification_method(did: str) -> str:
    """The one verification method of a did:key: the did and its own fragment."""
    return f"{did}#{did[len(_DID) :]}"


# Vendors sign again and again, and the subgroup check costs nearly a verification.
@lru_cache(maxsize=4096)
def _verify_key(did: str) -> VerifyKey:
    if not did.startswith(_DID):
        raise KeyFormatError("A did:key begins with did:key:.")
    return VerifyKey(_multikey(did[len(_DID) :], _ED25519))


def forget_keys() -> None:
    """Empty the cache of checked public keys, so that the next check is made in full."""
    _verify_key.cache_clear()


def _multikey(text: str, codec: bytes) -> bytes:
    try:
        raw = base58_decode(text, 34)
    except EncodingError as error:
        raise KeyFormatError("A key is not in canonical base58btc.") from error
    if raw[:2] != codec:
        raise KeyFormatError("A key is of another kind than the place asks for.")
    return raw[2:]
