"""From one recovery phrase to every key: BIP39, then SLIP-0010 hardened Ed25519.

All paths stand here. `P` is 5657165, the letters VRM as a number; every step is hardened, so that
no key leads to its parent or its siblings.

    m/P'/0'/generation'             the identity's signing key (member, vendor, principal, market)
    m/P'/1'/epoch'/device'/index'   a pseudonym's signing key
    m/P'/2'/epoch'/device'/index'   the same pseudonym's X25519 reply key
    m/P'/3'/epoch'/device'/index'   the seed of the blind of that pseudonym's posting token
    m/P'/4'/generation'             a market's log key
    m/P'/5'/generation'             a market's webhook key
    m/P'/6'/epoch'/tier'            the seed of a market's issuer key
    m/P'/7'                         the seed of a market's tie-break hash chains

`generation` counts key rotations from 0. `index` lies below the epoch's allotment of posting
tokens, so that a phrase alone finds every pseudonym of a device branch. `device` is a number below
2^31 drawn at random when a wallet is set up: two devices under one phrase then share no pseudonym.
A wallet that takes the place of a lost one goes on with its number.

Sources: BIP-0039; SLIP-0010, curve ed25519.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import nacl.utils
from mnemonic import Mnemonic

from crypto.errors import KeyFormatError
from crypto.keys import Random, ReplyKey, SigningKey

PURPOSE: Final = 0x56524D
MAX_INDEX: Final = 2**31 - 1

IDENTITY: Final = 0
PSEUDONYM: Final = 1
REPLY: Final = 2
BLIND: Final = 3
LOG: Final = 4
WEBHOOK: Final = 5
ISSUER: Final = 6
TIE_BREAK: Final = 7

LANGUAGES: Final = tuple(sorted(Mnemonic.list_languages()))


@dataclass(frozen=True)
class Node:
    """A SLIP-0010 node of curve ed25519: a private key and a chain code, 32 bytes each."""

    key: bytes = field(repr=False)
    chain_code: bytes = field(repr=False)

    @classmethod
    def master(cls, seed: bytes) -> Node:
        """The root of a tree; `seed` has 16 to 64 bytes.

        Raises:
            KeyFormatError: it has not.
        """
        if not 16 <= len(seed) <= 64:
            raise KeyFormatError("A master seed has 16 to 64 bytes.")
        return cls._split(hmac.digest(b"ed25519 seed", seed, hashlib.sha512))

    def child(self, index: int) -> Node:
        """The hardened child `index`', 0 to 2^31 - 1; raises `KeyFormatError` beyond."""
        if not 0 <= index <= MAX_INDEX:
            raise KeyFormatError("An index of a derivation path lies out of range.")
        data = b"\0" + self.key + (index | 1 << 31).to_bytes(4, "big")
        return self._split(hmac.digest(self.chain_code, data, hashlib.sha512))

    def descend(self, *indices: int) -> Node:
        node = self
        for index in indices:
            node = node.child(index)
        return node

    @classmethod
    def _split(cls, digest: bytes) -> Node:
        return cls(digest[:32], digest[32:])


@dataclass(frozen=True)
class Root:
    """The node m/P' and the keys below it, by what they are for."""

    node: Node

    @classmethod
    def from_seed(cls, seed: bytes) -> Root:
        """`seed` has 16 to 64 bytes; raises `KeyFormatError`."""
        return cls(Node.master(seed).child(PURPOSE))

    @classmethod
    def from_phrase(cls, phrase: str, passphrase: str = "") -> Root:
        """Raises `KeyFormatError` when the phrase has a misspelt, missing or extra word."""
        return cls.from_seed(seed_of_phrase(phrase, passphrase))

    def identity(self, generation: int) -> SigningKey:
        return SigningKey(self.node.descend(IDENTITY, generation).key)

    def pseudonym(self, epoch: int, device: int, index: int) -> SigningKey:
        return SigningKey(self.node.descend(PSEUDONYM, epoch, device, index).key)

    def reply(self, epoch: int, device: int, index: int) -> ReplyKey:
        return ReplyKey(self.node.descend(REPLY, epoch, device, index).key)

    def blind_seed(self, epoch: int, device: int, index: int) -> bytes:
        return self.node.descend(BLIND, epoch, device, index).key

    def log(self, generation: int) -> SigningKey:
        return SigningKey(self.node.descend(LOG, generation).key)

    def webhook(self, generation: int) -> SigningKey:
        return SigningKey(self.node.descend(WEBHOOK, generation).key)

    def issuer_seed(self, epoch: int, tier: int) -> bytes:
        return self.node.descend(ISSUER, epoch, tier).key

    def tie_break_seed(self) -> bytes:
        return self.node.descend(TIE_BREAK).key


def new_phrase(
    *, words: int = 24, language: str = "english", random: Random = nacl.utils.random
) -> str:
    """A fresh recovery phrase of 12, 15, 18, 21 or 24 words.

    Raises:
        KeyFormatError: another number of words, or no word list in that language.
    """
    if words not in (12, 15, 18, 21, 24) or language not in LANGUAGES:
        raise KeyFormatError("There is no such kind of recovery phrase.")
    phrase = _mnemonic(language).to_mnemonic(random(words * 4 // 3))
    return unicodedata.normalize("NFC", phrase)


def seed_of_phrase(phrase: str, passphrase: str = "") -> bytes:
    """The 64-byte BIP39 seed of a phrase, in any language that has a word list.

    Capitals and spaces are forgiven; the words and their checksum are not.

    Raises:
        KeyFormatError: the phrase has a misspelt, missing or extra word.
    """
    words = " ".join(unicodedata.normalize("NFKD", phrase).lower().split())
    if not any(_mnemonic(language).check(words) for language in LANGUAGES):
        raise KeyFormatError("The recovery phrase has a misspelt, missing or extra word.")
    return bytes(Mnemonic.to_seed(words, passphrase))


@cache
def _mnemonic(language: str) -> Mnemonic:
    # The library compares with decomposed text, but stores some lists composed.
    words = [Mnemonic.normalize_string(word) for word in Mnemonic(language).wordlist]
    return Mnemonic(language, wordlist=words)
