"""Issuing posting tokens, one by one or as one batch with a single proof.

Sources: RFC 9578 section 5 (single), draft-ietf-privacypass-batched-tokens section 5 (amortized
batch).

    TokenRequest     type(2) truncated_key_id(1) blinded(32)
    TokenResponse    evaluated(32) proof(64)
    batch request    type(2) truncated_key_id(1) blinded<V>, 32 bytes each
    batch response   evaluated<V>, 32 bytes each, proof(64)

A request under another media type is answered with 415, one that `issue` or `issue_batch` refuses
with 422; a client ignores every answer but 200 under the response's media type.

Blinds are derived from a seed of the wallet's, so that a lost device can ask for the stored answer
again and finish: the same draw gives the same request, byte for byte.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import nacl.utils

from crypto import voprf
from crypto.errors import TokenError
from crypto.keys import Random
from crypto.ristretto import ELEMENT_SIZE, Element, Scalar, element, reduce, scalar
from crypto.tokens import TOKEN_TYPE, Challenge, IssuerKey, IssuerPublicKey, Token, token_input
from crypto.wire import Reader, vector

REQUEST_MEDIA_TYPE: Final = "application/private-token-request"
RESPONSE_MEDIA_TYPE: Final = "application/private-token-response"
BATCH_REQUEST_MEDIA_TYPE: Final = "application/private-token-amortized-batch-request"
BATCH_RESPONSE_MEDIA_TYPE: Final = "application/private-token-amortized-batch-response"

MAX_BATCH: Final = 64
"""Tokens in one batch, unless an issuer sets another limit."""


@dataclass(frozen=True)
class Draw:
    """A wallet's side of one issuance, kept from request to response. Secret: it links.

    Attributes:
        nonces: 32 bytes for each token: the public keys of the pseudonyms that will spend them.
        blinds: one for each nonce, from `derive_blind`.
    """

    key: IssuerPublicKey
    challenge: Challenge
    nonces: tuple[bytes, ...] = field(repr=False)
    blinds: tuple[Scalar, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.nonces or len(self.nonces) != len(self.blinds):
            raise TokenError("A draw has one blind for each of its nonces.", code="batch-size")

    def request(self) -> bytes:
        """The TokenRequest of a draw of one token."""
        return self._head() + self.blinded

    def batch_request(self) -> bytes:
        return self._head() + vector(b"".join(self._blinded))

    def finish(self, response: bytes) -> Token:
        """The token, from the issuer's answer to `request`.

        Raises:
            TokenError: the answer is malformed, or the issuer used another key (`proof`).
        """
        self._check_single()
        reader = Reader(response)
        evaluated = element(reader.take(ELEMENT_SIZE))
        proof = reader.take(voprf.PROOF_SIZE)
        reader.end()
        return self._tokens([evaluated], voprf.Proof.parse(proof))[0]

    def finish_batch(self, response: bytes) -> list[Token]:
        """The tokens in the order of the nonces, from the issuer's answer to `batch_request`.

        Raises:
            TokenError: the answer is malformed, or the issuer used another key (`proof`).
        """
        reader = Reader(response)
        evaluated = _elements(reader.vector(), len(self.nonces))
        proof = reader.take(voprf.PROOF_SIZE)
        reader.end()
        return self._tokens(evaluated, voprf.Proof.parse(proof))

    @property
    def blinded(self) -> Element:
        """The one element that a draw of one token asks to be evaluated."""
        self._check_single()
        return self._blinded[0]

    def _check_single(self) -> None:
        if len(self.nonces) != 1:
            raise TokenError("Several tokens are drawn as a batch.", code="batch-size")

    def _head(self) -> bytes:
        return TOKEN_TYPE.to_bytes(2, "big") + bytes([self.key.truncated_id])

    @cached_property
    def _inputs(self) -> list[bytes]:
        digest, key_id = self.challenge.digest, self.key.key_id
        return [token_input(nonce, digest, key_id) for nonce in self.nonces]

    @cached_property
    def _blinded(self) -> list[Element]:
        pairs = zip(self._inputs, self.blinds, strict=True)
        return [voprf.blind(message, by) for message, by in pairs]

    def _tokens(self, evaluated: Sequence[Element], proof: voprf.Proof) -> list[Token]:
        outputs = voprf.finalize(
            self.key.element, self._inputs, self.blinds, self._blinded, evaluated, proof=proof
        )
        digest, key_id = self.challenge.digest, self.key.key_id
        return [
            Token(nonce, digest, key_id, output)
            for nonce, output in zip(self.nonces, outputs, strict=True)
        ]


def derive_blind(seed: bytes, key: IssuerPublicKey, nonce: bytes) -> Scalar:
    """The blind for one nonce under one issuer key, by HMAC-SHA-512 from 32 secret bytes.

    Raises:
        TokenError: the seed is not 32 bytes.
    """
    if len(seed) != 32:
        raise TokenError("A blind is derived from 32 bytes.", code="seed")
    label = b"vrm token blind" + key.key_id + nonce
    return scalar(reduce(hmac.digest(seed, label, hashlib.sha512)))


def live_keys(keys: Iterable[IssuerKey]) -> dict[int, IssuerKey]:
    """Keys by truncated id, as `issue` and `issue_batch` look them up.

    Raises:
        TokenError: two keys share a truncated id (`ambiguous-key`).
    """
    by_id: dict[int, IssuerKey] = {}
    for key in keys:
        if by_id.setdefault(key.public.truncated_id, key) != key:
            raise TokenError("Two issuer keys share a truncated id.", code="ambiguous-key")
    return by_id


def issue(
    request: bytes, keys: Mapping[int, IssuerKey], *, random: Random = nacl.utils.random
) -> bytes:
    """The answer to a TokenRequest.

    Raises:
        TokenError: wrong type, unknown key, malformed or identity element; answered with 422.
    """
    reader = Reader(request)
    key = _key(reader, keys)
    blinded = element(reader.take(ELEMENT_SIZE))
    reader.end()
    evaluated, proof = voprf.blind_evaluate(key.secret, [blinded], random)
    return evaluated[0] + proof.encode()


def issue_batch(
    request: bytes,
    keys: Mapping[int, IssuerKey],
    *,
    max_batch: int = MAX_BATCH,
    random: Random = nacl.utils.random,
) -> bytes:
    """The answer to a batch request.

    Raises:
        TokenError: wrong type, unknown key, no or over `max_batch` elements, a malformed or
            identity element; answered with 422.
    """
    reader = Reader(request)
    key = _key(reader, keys)
    raw = reader.vector()
    reader.end()
    if not 1 <= len(raw) // ELEMENT_SIZE <= max_batch:
        raise TokenError(f"A batch has 1 to {max_batch} tokens.", code="batch-size")
    blinded = _elements(raw, len(raw) // ELEMENT_SIZE)
    evaluated, proof = voprf.blind_evaluate(key.secret, blinded, random)
    return vector(b"".join(evaluated)) + proof.encode()


def _key(reader: Reader, keys: Mapping[int, IssuerKey]) -> IssuerKey:
    if int.from_bytes(reader.take(2), "big") != TOKEN_TYPE:
        raise TokenError("The issuer issues no such type of token.", code="token-type")
    key = keys.get(reader.take(1)[0])
    if key is None:
        raise TokenError("The issuer has no such key.", code="unknown-key")
    return key


def _elements(raw: bytes, count: int) -> list[Element]:
    if len(raw) != count * ELEMENT_SIZE:
        raise TokenError("A batch has another number of elements.", code="batch-size")
    return [element(raw[at : at + ELEMENT_SIZE]) for at in range(0, len(raw), ELEMENT_SIZE)]
