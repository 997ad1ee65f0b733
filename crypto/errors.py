"""The package's one error tree.

Whatever bytes come in, nothing but a `CryptoError` comes out. A message is one sentence for a
person and never repeats a secret; `code` is a stable slug for programs.
"""

from __future__ import annotations

from typing import ClassVar


class CryptoError(Exception):
    """Any refusal or failure of this package.

    Attributes:
        code: a stable slug such as `bad-signature`, fit for an API's problem document.
    """

    default_code: ClassVar[str] = "crypto"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code


class LibraryUnsafe(CryptoError):
    """The linked libsodium lets through what this package relies on it to refuse."""

    default_code = "unsafe-libsodium"


class EncodingError(CryptoError):
    """Text that is not the one spelling of its bytes (base58btc, base64url)."""

    default_code = "encoding"


class KeyFormatError(CryptoError):
    """A key, did:key, recovery phrase or derivation path that is malformed or unsafe to use."""

    default_code = "key"


class DocumentError(CryptoError):
    """JSON outside the strict subset that documents are written in."""

    default_code = "document"


class ProofError(CryptoError):
    """A signature, or the proof that carries it, that does not hold."""

    default_code = "bad-signature"


class RotationError(CryptoError):
    """A chain of key rotations that is broken, forked or rolled back."""

    default_code = "rotation"


class SealError(CryptoError):
    """A sealed message that does not open, or that is not what it claims to be."""

    default_code = "sealed"


class VaultError(CryptoError):
    """A vault that cannot be opened, for a reason that the subclasses name."""

    default_code = "vault"


class NotAVault(VaultError):
    """The bytes are no vault, or of a version that this program does not know."""

    default_code = "not-a-vault"


class VaultTruncated(VaultError):
    """The file was cut short."""

    default_code = "vault-truncated"


class VaultHeaderChanged(VaultError):
    """The header is not the one that was written."""

    default_code = "vault-header-changed"


class VaultCostRefused(VaultError):
    """The header asks for more memory or time than this program grants a file."""

    default_code = "vault-cost"


class VaultDamaged(VaultError):
    """The passphrase is right, yet the encrypted part is not the one that was written."""

    default_code = "vault-damaged"


class WrongPassphrase(VaultError):
    """The passphrase does not fit this vault."""

    default_code = "wrong-passphrase"


class HttpSignatureError(CryptoError):
    """An HTTP message signature that is missing, covers too little, or does not hold."""

    default_code = "http-signature"


class TokenError(CryptoError):
    """A posting token, or a message of its issuance, that is malformed or does not hold."""

    default_code = "token"


class LogError(CryptoError):
    """A Merkle proof, signed note or checkpoint that is malformed or does not hold."""

    default_code = "log"
