"""A wallet's one secret, a recovery phrase, and every key out of it.

Signing and reply keys follow the paths of `crypto.derivation` (BIP39, SLIP-0010): a pseudonym stands at epoch,
device and index, where the device branch is drawn at random when the wallet is made, so that two wallets under
one phrase share no pseudonym. The epochs are those of the market's posting tokens; the index is below the
epoch's allotment.
"""

import hashlib
import secrets
from functools import cached_property
from typing import Self

import msgspec

from crypto import ReplyKey, SigningKey
from crypto.derivation import MAX_INDEX, Root, new_phrase, seed_of_phrase
from vrm.errors import WalletError


class Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What the key file holds."""

    v: int = 1
    phrase: str
    device: int

    def __repr__(self) -> str:
        return "Secret(...)"

    @classmethod
    def generate(cls) -> Self:
        """Make a fresh secret of 256 random bits, in 24 words."""
        return cls(phrase=new_phrase(), device=secrets.randbelow(MAX_INDEX + 1))

    @classmethod
    def from_phrase(cls, phrase: str) -> Self:
        """The secret of a phrase that was written down, on a fresh device branch.

        Raises:
            crypto.KeyFormatError: the phrase has a misspelt, missing or extra word.
        """
        seed_of_phrase(phrase)
        return cls(phrase=phrase, device=secrets.randbelow(MAX_INDEX + 1))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            WalletError: the bytes are not that.
        """
        try:
            return msgspec.json.decode(raw, type=cls)
        except msgspec.DecodeError:
            raise WalletError("The key file is not a wallet's key file.") from None

    def to_bytes(self) -> bytes:
        """The secret as bytes, to be locked in a vault."""
        return msgspec.json.encode(self)

    @cached_property
    def _seed(self) -> bytes:
        return seed_of_phrase(self.phrase)

    @cached_property
    def _root(self) -> Root:
        return Root.from_seed(self._seed)

    def pseudonym(self, epoch: int, index: int, device: int | None = None) -> SigningKey:
        """The key of the request at this place, of this device or another one under the phrase."""
        return self._root.pseudonym(epoch, self.device if device is None else device, index)

    def reply_key(self, epoch: int, index: int) -> ReplyKey:
        """The key to which answers to the request at this place are sealed."""
        return self._root.reply(epoch, self.device, index)

    def blind_seed(self, epoch: int, index: int, device: int | None = None) -> bytes:
        """The seed of the blind of the posting token for the pseudonym at this place."""
        return self._root.blind_seed(epoch, self.device if device is None else device, index)

    def identity(self, generation: int) -> SigningKey:
        """The owner's key after so many rotations; it signs profile and membership, and no request."""
        return self._root.identity(generation)

    @cached_property
    def state_key(self) -> bytes:
        """The 32 bytes under which the wallet's state is kept: keyed BLAKE2b (RFC 7693) of nothing."""
        return hashlib.blake2b(key=self._seed, person=b"vrm state", digest_size=32).digest()

    def alias(self, text: str) -> str:
        """A name for something of the wallet's, always the same, that tells nobody else what it stands for."""
        named = hashlib.blake2b(text.encode(), key=self._seed, person=b"vrm alias", digest_size=16)
        return named.hexdigest()

    @cached_property
    def devices_key(self) -> bytes:
        """The 32 bytes under which the list of devices lies with the market; likewise."""
        return hashlib.blake2b(key=self._seed, person=b"vrm devices", digest_size=32).digest()
