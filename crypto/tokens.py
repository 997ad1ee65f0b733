"""Posting tokens: Privacy Pass token type 0x0005, VOPRF(ristretto255, SHA-512).

Sources: RFC 9577 (challenge, token, HTTP scheme), RFC 9578 section 5 (private verifiability), and
draft-ietf-privacypass-batched-tokens for the type.

    TokenChallenge  type(2) issuer_name<1..2^16-1> redemption_context<0|32> origin_info<0..2^16-1>
    Token           type(2) nonce(32) SHA-256(challenge)(32) key_id(32) authenticator(64)

A token's nonce is the public key of the pseudonym that will spend it: the token then certifies that
key, and is of no use to whoever steals it. The challenge's digest rides in every token, and a
challenge of one's own would mark its holder; so a wallet computes the challenge of its market
itself (`Challenge.of_market`) and takes no other.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from crypto import voprf
from crypto.errors import TokenError
from crypto.ristretto import Element, Scalar, element, multiply_base
from crypto.wire import Reader, vector16

TOKEN_TYPE: Final = 0x0005
TOKEN_SIZE: Final = 162

_TYPE: Final = TOKEN_TYPE.to_bytes(2, "big")


@dataclass(frozen=True)
class Challenge:
    """What a token is good for (RFC 9577 section 2.1).

    Attributes:
        issuer_name: the issuer's host name.
        origin_info: host names that accept the token, comma-separated; empty for any.
        redemption_context: 32 bytes that tie the token to a moment, or none.
    """

    issuer_name: str
    origin_info: str = ""
    redemption_context: bytes = b""

    def __post_init__(self) -> None:
        names = self.issuer_name, self.origin_info
        if not all(name.isascii() and name.isprintable() and len(name) < 2**16 for name in names):
            raise TokenError("A challenge names its hosts in ASCII.", code="challenge")
        if not self.issuer_name or len(self.redemption_context) not in (0, 32):
            raise TokenError("A challenge is malformed.", code="challenge")

    @classmethod
    def of_market(cls, host: str) -> Challenge:
        """The one challenge of the market at `host`, for everybody alike."""
        return cls(issuer_name=host, origin_info=host)

    @classmethod
    def parse(cls, raw: bytes) -> Challenge:
        """Raises `TokenError` unless `raw` is exactly one challenge of this token type."""
        reader = Reader(raw)
        if reader.take(2) != _TYPE:
            raise TokenError("A challenge is for another type of token.", code="token-type")
        issuer, size = reader.vector16(), reader.take(1)[0]
        context, origin = reader.take(size), reader.vector16()
        reader.end()
        try:
            return cls(issuer.decode("ascii"), origin.decode("ascii"), context)
        except UnicodeDecodeError:
            raise TokenError("A challenge names its hosts in ASCII.", code="challenge") from None

    def encode(self) -> bytes:
        context = bytes([len(self.redemption_context)]) + self.redemption_context
        issuer, origin = self.issuer_name.encode(), self.origin_info.encode()
        return _TYPE + vector16(issuer) + context + vector16(origin)

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()


@dataclass(frozen=True)
class IssuerPublicKey:
    """The key that everybody's tokens of one tier and epoch are issued under."""

    element: Element

    @classmethod
    def parse(cls, raw: bytes) -> IssuerPublicKey:
        """Raises `TokenError` unless `raw` is a group element other than the identity."""
        return cls(element(raw))

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256 of the encoded key (RFC 9578 section 6.5's rule for a whole key)."""
        return hashlib.sha256(self.element).digest()

    @property
    def truncated_id(self) -> int:
        """The last byte of the key id, by which a request names the key; unique among live keys."""
        return self.key_id[-1]


@dataclass(frozen=True)
class IssuerKey:
    """An issuer's secret key."""

    secret: Scalar = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes, info: bytes) -> IssuerKey:
        """The key that 32 secret bytes and a public label (tier, epoch) determine."""
        return cls(voprf.derive_key(seed, info))

    @cached_property
    def public(self) -> IssuerPublicKey:
        return IssuerPublicKey(multiply_base(self.secret))


@dataclass(frozen=True)
class Token:
    """A token as it is spent (RFC 9577 section 2.2)."""

    nonce: bytes
    challenge_digest: bytes
    key_id: bytes
    authenticator: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Token:
        """Raises `TokenError` unless `raw` is exactly one token of this type."""
        if len(raw) != TOKEN_SIZE:
            raise TokenError("A token has another length.", code="shape")
        if raw[:2] != _TYPE:
            raise TokenError("A token is of another type.", code="token-type")
        return cls(raw[2:34], raw[34:66], raw[66:98], raw[98:])

    def encode(self) -> bytes:
        return self.input + self.authenticator

    @property
    def input(self) -> bytes:
        """What the authenticator authenticates (RFC 9578 section 5.1)."""
        return token_input(self.nonce, self.challenge_digest, self.key_id)


def token_input(nonce: bytes, challenge_digest: bytes, key_id: bytes) -> bytes:
    """The input to the VOPRF (RFC 9578 section 5.1); raises `TokenError` on a wrong length."""
    if not len(nonce) == len(challenge_digest) == len(key_id) == 32:
        raise TokenError("A part of a token has another length.", code="shape")
    return _TYPE + nonce + challenge_digest + key_id


def verify(token: Token, *, challenge: Challenge, key: IssuerKey) -> None:
    """Check a token that is being spent; that it is spent once only is the caller's to see to.

    Raises:
        TokenError: it was made for another challenge (`challenge`), under another key
            (`unknown-key`), or its authenticator does not hold (`token`).
    """
    if token.challenge_digest != challenge.digest:
        raise TokenError("The token was made for another challenge.", code="challenge")
    if token.key_id != key.public.key_id:
        raise TokenError("The token was issued under another key.", code="unknown-key")
    if not hmac.compare_digest(voprf.evaluate(key.secret, token.input), token.authenticator):
        raise TokenError("The token's authenticator does not hold.")
