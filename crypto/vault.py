"""Secrets at rest: Argon2id (RFC 9106) and XChaCha20-Poly1305, as bytes in and bytes out.

Layout, integers big-endian; the header is the first 86 bytes:

    8   magic `vrmvault`
    1   version, 1
    1   key derivation, 1: Argon2id version 1.3, one lane
    4   passes
    4   memory in KiB
    16  salt
    24  nonce
    16  key check: the last 16 of the 48 derived bytes, of which the first 32 are the key
    4   length of the encrypted part
    8   checksum: the first 8 bytes of SHA-256 over the 78 bytes before
    n   encrypted part; the header is its associated data

The checksum names an accident in the header before any work is done. Whoever rewrites the header
and the checksum changes the derived key or the associated data, and meets the key check or the
authenticator. The key check tells a wrong passphrase from a damaged file; to an attacker it says
no more than the authenticator does.

Storing is the caller's: write the new bytes beside the old file, flush, then rename over it, so
that there is a good file at every moment.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import ClassVar, Final

import nacl.bindings as sodium
import nacl.exceptions
import nacl.utils

from crypto.errors import (
    NotAVault,
    VaultCostRefused,
    VaultDamaged,
    VaultError,
    VaultHeaderChanged,
    VaultTruncated,
    WrongPassphrase,
)
from crypto.keys import Random

MAGIC: Final = b"vrmvault"
VERSION: Final = 1
MAX_SECRET: Final = 2**20
MAX_PASSES: Final = 16
MAX_MEMORY_KIB: Final = 2**20

_ARGON2ID: Final = 1
_FIXED: Final = struct.Struct(">8sBBII16s24s16sI")
_HEADER_SIZE: Final = _FIXED.size + 8
_TAG_SIZE: Final = 16


@dataclass(frozen=True)
class Cost:
    """What deriving the key costs, and costs whoever guesses.

    Attributes:
        passes: Argon2id's t, 1 to 16.
        memory_kib: Argon2id's m in KiB, 8 to 1048576 (1 GiB).
    """

    passes: int
    memory_kib: int

    DEFAULT: ClassVar[Cost]
    MINIMUM: ClassVar[Cost]

    def __post_init__(self) -> None:
        if not (1 <= self.passes <= MAX_PASSES and 8 <= self.memory_kib <= MAX_MEMORY_KIB):
            raise VaultCostRefused("A vault's cost lies outside what this program allows.")


# libsodium's MODERATE: about 0.7 s on a laptop.
Cost.DEFAULT = Cost(passes=3, memory_kib=256 * 1024)
# libsodium's floor: for demonstrations and tests, where nothing is worth guarding.
Cost.MINIMUM = Cost(passes=1, memory_kib=8)


@dataclass(frozen=True)
class _Header:
    cost: Cost
    salt: bytes
    nonce: bytes
    key_check: bytes
    size: int

    def pack(self) -> bytes:
        fixed = _FIXED.pack(
            MAGIC,
            VERSION,
            _ARGON2ID,
            self.cost.passes,
            self.cost.memory_kib,
            self.salt,
            self.nonce,
            self.key_check,
            self.size,
        )
        return fixed + _checksum(fixed)


def lock(
    secret: bytes,
    passphrase: bytes,
    cost: Cost = Cost.DEFAULT,
    *,
    random: Random = nacl.utils.random,
) -> bytes:
    """A vault that holds `secret`, of at most 1 MiB, under `passphrase`.

    Raises:
        VaultError: the secret is too long, or the machine lacks the memory for `cost`.
    """
    if len(secret) > MAX_SECRET:
        raise VaultError("A vault holds at most 1 MiB.", code="too-large")
    salt, nonce = random(16), random(24)
    key, key_check = _derive(passphrase, salt, cost)
    header = _Header(cost, salt, nonce, key_check, len(secret) + _TAG_SIZE).pack()
    sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, header, nonce, key)
    return header + sealed


def unlock(blob: bytes, passphrase: bytes) -> bytes:
    """The secret that a vault holds.

    Raises:
        NotAVault: other bytes, or a version that this program does not know.
        VaultTruncated: the file was cut.
        VaultHeaderChanged: the header is not the one written.
        VaultCostRefused: the header asks for more than 16 passes or 1 GiB.
        WrongPassphrase: the passphrase does not fit.
        VaultDamaged: the passphrase fits, and the encrypted part is not the one written.
    """
    header = _read_header(blob)
    sealed = blob[_HEADER_SIZE:]
    if len(sealed) < header.size:
        raise VaultTruncated("The vault was cut short.")
    if len(sealed) > header.size:
        raise VaultDamaged("The vault has bytes after its end.")
    key, key_check = _derive(passphrase, header.salt, header.cost)
    if not hmac.compare_digest(key_check, header.key_check):
        raise WrongPassphrase("The passphrase does not fit this vault.")
    try:
        secret = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, blob[:_HEADER_SIZE], header.nonce, key
        )
    except nacl.exceptions.CryptoError:
        raise VaultDamaged("The passphrase is right, but the vault is damaged.") from None
    return secret


def rewrap(
    blob: bytes,
    old: bytes,
    new: bytes,
    cost: Cost = Cost.DEFAULT,
    *,
    random: Random = nacl.utils.random,
) -> bytes:
    """The same secret under a new passphrase, proven to open before the caller lets go of `blob`.

    Raises:
        VaultError: as `unlock` has it for `old`; or the new vault does not open.
    """
    secret = unlock(blob, old)
    fresh = lock(secret, new, cost, random=random)
    if unlock(fresh, new) != secret:
        raise VaultError("The new vault does not hold what the old one holds.")
    return fresh


def _read_header(blob: bytes) -> _Header:
    if not MAGIC.startswith(blob[: len(MAGIC)]):
        raise NotAVault("This file is not a vault.")
    if len(blob) < _HEADER_SIZE:
        raise VaultTruncated("The vault was cut short.")
    fixed = blob[: _FIXED.size]
    _, version, derivation, passes, memory_kib, salt, nonce, check, size = _FIXED.unpack(fixed)
    if _checksum(fixed) != blob[_FIXED.size : _HEADER_SIZE]:
        raise VaultHeaderChanged("The vault's header was changed.")
    if version != VERSION or derivation != _ARGON2ID:
        raise NotAVault("The vault is of a version that this program does not know.")
    if not _TAG_SIZE <= size <= MAX_SECRET + _TAG_SIZE:
        raise VaultHeaderChanged("The vault's header states an impossible length.")
    return _Header(Cost(passes, memory_kib), salt, nonce, check, size)


def _derive(passphrase: bytes, salt: bytes, cost: Cost) -> tuple[bytes, bytes]:
    """The key (32 bytes) and the key check (16 bytes)."""
    try:
        derived = sodium.crypto_pwhash_alg(
            48,
            passphrase,
            salt,
            cost.passes,
            cost.memory_kib * 1024,
            sodium.crypto_pwhash_ALG_ARGON2ID13,
        )
    except (nacl.exceptions.CryptoError, MemoryError):
        raise VaultError("There is not enough memory to open the vault.", code="memory") from None
    return derived[:32], derived[32:]


def _checksum(fixed: bytes) -> bytes:
    return hashlib.sha256(fixed).digest()[:8]
