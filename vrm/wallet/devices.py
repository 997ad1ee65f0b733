"""Which devices share one phrase, and how they share the tokens that its owner draws once in each epoch.

Each device stands on a branch of its own, drawn at random, so that two devices share no pseudonym. The list of
branches lies with the market, in the owner's Membership, encrypted under a key out of the phrase and always
of one length: who has the phrase alone finds the branches again, and every device makes the very same draw
for all.

    list        count(1) [branch(4) since(4)] * 8, padded with zeros
    devices     base64url of nonce(24) and XSalsa20-Poly1305 (NaCl SecretBox) of the list: 140 characters
"""

import struct
from collections.abc import Sequence
from typing import Final

import msgspec
import nacl.exceptions
from nacl.secret import SecretBox

from crypto import CryptoError
from crypto.encoding import base64url_decode, base64url_encode
from vrm.errors import WalletError

MOST: Final = 8

_SIZE: Final = 1 + 8 * MOST


class Device(msgspec.Struct, frozen=True):
    """A device branch, and the first epoch whose tokens it shares."""

    branch: int
    since: int


def seal(devices: Sequence[Device], key: bytes) -> str:
    """Encrypt a list of devices.

    Raises:
        WalletError: there are more than `MOST`.
    """
    if len(devices) > MOST:
        raise WalletError(f"At most {MOST} devices share one phrase.")
    packed = b"".join(struct.pack(">II", one.branch, one.since) for one in devices)
    plain = (bytes([len(devices)]) + packed).ljust(_SIZE, b"\0")
    return base64url_encode(SecretBox(key).encrypt(plain))


def unseal(text: str, key: bytes) -> list[Device]:
    """Read what `seal` wrote.

    Raises:
        WalletError: another phrase's wallet wrote it, or nobody's.
    """
    try:
        plain = SecretBox(key).decrypt(base64url_decode(text))
    except (CryptoError, nacl.exceptions.CryptoError, ValueError):
        raise WalletError("The market's list of your devices is not yours.") from None
    return [Device(*struct.unpack_from(">II", plain, 1 + 8 * at)) for at in range(plain[0])]


def sharing(devices: Sequence[Device], epoch: int) -> list[int]:
    """The branches that share an epoch's tokens: the token at a place is for the branch at the place modulo
    their number, at the place divided by their number."""
    return [one.branch for one in devices if one.since <= epoch]
