"""Primitives over libsodium: keys, signed documents, sealed boxes, vaults, signed requests.

No I/O, no clock, and no randomness that a caller cannot supply. Every refusal is a `CryptoError`.
"""

from crypto import canonical, errors, http_signatures, proof, sealed, vault
from crypto.canonical import digest
from crypto.encoding import base64url_decode, base64url_encode
from crypto.errors import CryptoError
from crypto.ijson import JsonValue, parse
from crypto.keys import ReplyKey, ReplyPublicKey, SigningKey, VerifyKey
from crypto.selfcheck import check_libsodium

__all__ = [
    "CryptoError",
    "JsonValue",
    "ReplyKey",
    "ReplyPublicKey",
    "SigningKey",
    "VerifyKey",
    "base64url_decode",
    "base64url_encode",
    "canonical",
    "check_libsodium",
    "digest",
    "errors",
    "http_signatures",
    "parse",
    "proof",
    "sealed",
    "vault",
]
