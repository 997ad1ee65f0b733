"""Primitives over libsodium. No I/O, no clock, no randomness that a caller cannot supply.

Whatever bytes come in, every refusal is a `CryptoError` with a stable `code`. The names below are
what most callers need; the rest is imported from its module:

    keys             Ed25519 keys as did:key, X25519 reply keys
    derivation       recovery phrase to every key: the path scheme
    vault            secrets at rest under a passphrase
    ijson            strict ingest of JSON              canonical      RFC 8785 form and digest
    proof            W3C Data Integrity, eddsa-jcs-2022, and the countersignature
    rotation         chains of keys with pre-rotation
    http_signatures  RFC 9421 requests
    sealed           anonymous boxes of unrevealing size
    messages         signed and sealed: sender, recipient, request, purpose
    tokens           Privacy Pass type 0x0005: challenge, token, issuer key
    issuance         drawing tokens, singly or in batches
    issuer_directory RFC 9578                           token_http     RFC 9577 headers
    webhooks         Standard Webhooks, both kinds of signature
    merkle           RFC 9162 trees and proofs       multiproof     one proof for many leaves
    tiles            logs as immutable files (C2SP tlog-tiles)
    note             C2SP signed notes                  checkpoint     C2SP checkpoints
    selfcheck        is the linked libsodium sound?

docs/security/crypto.md says what each promises, and what it does not.
"""

from crypto import canonical, errors, http_signatures, messages, proof, rotation, sealed, vault
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
    "messages",
    "parse",
    "proof",
    "rotation",
    "sealed",
    "vault",
]
