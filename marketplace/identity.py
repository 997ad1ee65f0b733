"""The market's own secrets: its signing keys, and the hash chain that its tie-break seeds come from.

Documents and the log have separate keys, so that a signature for the one can never be shown as the other's.

The chain: from a secret root r, the anchor is H applied CHAIN_LENGTH times to r, with H = SHA-256. The run
with ordinal k (1, 2, ...) uses seed_k = H applied CHAIN_LENGTH - k times to r, so that H(seed_1) is the anchor
and H(seed_k) = seed_(k-1). The market is bound to every seed before it sees a single request, nobody can
foretell the next one, and anybody can check one (Lamport, "Password authentication with insecure
communication", 1981).
"""

import base64
import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

import crypto
from crypto import note
from marketplace.errors import ConfigurationError

CHAIN_LENGTH = 20_000
"""Runs until the chain ends: 54 years of daily cutoffs."""


class _Secrets(msgspec.Struct, frozen=True):
    signing_seed: bytes
    chain_root: bytes
    log_seed: bytes


@dataclass(frozen=True)
class Identity:
    """An unlocked market."""

    key: crypto.SigningKey
    chain_root: bytes = field(repr=False)
    log_key: crypto.SigningKey

    @classmethod
    def generate(cls) -> "Identity":
        """Make a new market's secrets."""
        return cls(crypto.SigningKey.generate(), os.urandom(32), crypto.SigningKey.generate())

    @classmethod
    def from_secret(cls, secret: bytes) -> "Identity":
        """Read what `to_secret` wrote.

        Raises:
            ConfigurationError: when the bytes are not that.
        """
        try:
            secrets = msgspec.json.decode(secret, type=_Secrets)
        except msgspec.MsgspecError:
            raise ConfigurationError("The key file is not a market's key file.") from None
        return cls(
            crypto.SigningKey.from_seed(secrets.signing_seed),
            secrets.chain_root,
            crypto.SigningKey.from_seed(secrets.log_seed),
        )

    def to_secret(self) -> bytes:
        """The secrets as bytes, to be locked in a vault."""
        return msgspec.json.encode(_Secrets(self.key.seed, self.chain_root, self.log_key.seed))

    @property
    def did(self) -> str:
        """The market's name in every document."""
        return self.key.did

    @property
    def log(self) -> note.Verifier:
        """The log's name, which is its checkpoints' origin, and the key that signs them."""
        return note.Verifier(f"{self.did}/log", self.log_key.public)

    @property
    def issuer_seed(self) -> bytes:
        """32 bytes from which every issuer key derives: keyed BLAKE2b (RFC 7693) of nothing."""
        return hashlib.blake2b(
            key=self.key.seed, person=b"vrm issuer keys", digest_size=32
        ).digest()

    @property
    def webhook_seed(self) -> bytes:
        """32 bytes from which the keys of every webhook derive: keyed BLAKE2b (RFC 7693) of nothing."""
        return hashlib.blake2b(
            key=self.key.seed, person=b"vrm webhook keys", digest_size=32
        ).digest()

    @cached_property
    def seed_anchor(self) -> str:
        """The end of the chain, base64url without padding."""
        return _text(_chain(self.chain_root, CHAIN_LENGTH))

    def seed(self, ordinal: int) -> bytes:
        """The tie-break seed of the run with an ordinal from 1 on: 32 bytes.

        Raises:
            ConfigurationError: when the chain is used up.
        """
        if not 1 <= ordinal <= CHAIN_LENGTH:
            raise ConfigurationError("The market's seed chain is used up; announce a new anchor.")
        return _chain(self.chain_root, CHAIN_LENGTH - ordinal)


def seed_text(seed: bytes) -> str:
    """Write a seed as documents do: base64url without padding."""
    return _text(seed)


def _chain(value: bytes, times: int) -> bytes:
    for _ in range(times):
        value = hashlib.sha256(value).digest()
    return value


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
