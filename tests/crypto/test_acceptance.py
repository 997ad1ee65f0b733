"""Signatures about which implementations disagree, made on purpose: refused here, whoever accepts.

docs/security/crypto.md has the table; the column of OpenSSL is checked here by `cryptography`.
"""

import hashlib

import nacl.bindings as sodium
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crypto import SigningKey, VerifyKey
from crypto.errors import CryptoError

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
KEY = SigningKey.from_seed(bytes(32))
MESSAGE = b"message"
IDENTITY = (1).to_bytes(32, "little")
IDENTITY_AGAIN = (P + 1).to_bytes(32, "little")
ORDER_TWO = (P - 1).to_bytes(32, "little")
MIXED = sodium.crypto_core_ed25519_add(KEY.public.raw, ORDER_TWO)


def secret_scalar() -> int:
    raw = int.from_bytes(hashlib.sha512(KEY.seed).digest()[:32], "little")
    return raw & (2**254 - 8) | 2**254


def hashed(r: bytes, public: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L


def scalar(value: int) -> bytes:
    return (value % L).to_bytes(32, "little")


def commitment(nonce: int) -> bytes:
    return sodium.crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little"))


def with_commitment(r: bytes, nonce: int) -> bytes:
    return r + scalar(nonce + hashed(r, KEY.public.raw, MESSAGE) * secret_scalar())


def beyond_the_order() -> tuple[bytes, bytes, bytes]:
    signature = KEY.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little") + L
    return KEY.public.raw, MESSAGE, signature[:32] + s.to_bytes(32, "little")


def under_a_mixed_key() -> tuple[bytes, bytes, bytes]:
    """The torsion part cancels where the hash is even, which half of all messages give."""
    r = commitment(5)
    message = next(bytes([n]) for n in range(256) if hashed(r, MIXED, bytes([n])) % 2 == 0)
    return MIXED, message, r + scalar(5 + hashed(r, MIXED, message) * secret_scalar())


def under_any_key(public: bytes) -> tuple[bytes, bytes, bytes]:
    """Under a key of small order the hash does not matter: one signature, every message."""
    return public, MESSAGE, commitment(5) + scalar(5)


CASES = {
    "S beyond the order": (beyond_the_order(), False),
    "non-canonical key": (under_any_key(IDENTITY_AGAIN), True),
    "non-canonical R": ((KEY.public.raw, MESSAGE, with_commitment(IDENTITY_AGAIN, 0)), False),
    "key of small order": (under_any_key(IDENTITY), True),
    "key of mixed order": (under_a_mixed_key(), True),
    "R of small order": ((KEY.public.raw, MESSAGE, with_commitment(IDENTITY, 0)), True),
}


def test_the_forger_makes_good_signatures_where_nothing_is_odd() -> None:
    KEY.public.verify(MESSAGE, with_commitment(commitment(5), 5))


@pytest.mark.parametrize("case", CASES)
def test_odd_signature_is_refused(case: str) -> None:
    (public, message, signature), openssl_accepts = CASES[case]
    with pytest.raises(CryptoError):
        VerifyKey.from_bytes(public).verify(message, signature)
    theirs = Ed25519PublicKey.from_public_bytes(public)
    if openssl_accepts:
        theirs.verify(signature, message)
    else:
        with pytest.raises(InvalidSignature):
            theirs.verify(signature, message)
