"""A verifiable oblivious pseudorandom function: RFC 9497, mode VOPRF, ristretto255-SHA512.

With the issuer's key k, its public key K = k G, an input x, H a hash to the group:

    client   P = H(x), blinded B = b P for a random b
    issuer   evaluated E = k B, with one proof that log_G(K) = log_B(E) for a whole batch
    client   checks the proof, unblinds N = (1/b) E = k P; the output is Hash(x, N)
    issuer   later, shown x and the output, computes k H(x) itself and compares

The issuer sees B, which is a uniformly random element whatever x is, and so cannot tell which of
its evaluations led to which output; the proof (DLEQ, RFC 9497 section 2.2) tells the client that
the same k was used for everybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto.errors import TokenError
from crypto.keys import Random
from crypto.ristretto import (
    Element,
    Scalar,
    add,
    from_uniform,
    multiply,
    multiply_base,
    random_scalar,
    reduce,
    scalar,
    scalar_difference,
    scalar_inverse,
    scalar_product,
)

OUTPUT_SIZE: Final = 64
PROOF_SIZE: Final = 64

_CONTEXT: Final = b"OPRFV1-\x01-ristretto255-SHA512"
_SHA512_BLOCK: Final = bytes(128)


@dataclass(frozen=True)
class Proof:
    """A proof of equal discrete logarithms: challenge and response."""

    challenge: Scalar
    response: Scalar

    def encode(self) -> bytes:
        return self.challenge + self.response

    @classmethod
    def parse(cls, raw: bytes) -> Proof:
        """Raises `TokenError` unless `raw` is two scalars."""
        if len(raw) != PROOF_SIZE:
            raise TokenError("A proof has 64 bytes.", code="proof")
        return cls(scalar(raw[:32]), scalar(raw[32:]))


def derive_key(seed: bytes, info: bytes) -> Scalar:
    """DeriveKeyPair of section 3.2.1: the secret key that a 32-byte seed and a label determine."""
    if len(seed) != 32 or len(info) > 0xFFFF:
        raise TokenError("An issuer key is derived from 32 bytes and a short label.", code="seed")
    # The counter exists for a zero result, which has probability 2^-252.
    return scalar(_hash_to_scalar(seed + _prefixed(info) + b"\0", b"DeriveKeyPair" + _CONTEXT))


def hash_to_group(message: bytes) -> Element:
    return from_uniform(_expand(message, b"HashToGroup-" + _CONTEXT))


def blind(message: bytes, by: Scalar) -> Element:
    """The blinded element of an input (section 3.3.1)."""
    return multiply(by, hash_to_group(message))


def evaluate(key: Scalar, message: bytes) -> bytes:
    """The 64-byte output for an input, by the holder of the key (section 3.3.2, Evaluate)."""
    return _output(message, multiply(key, hash_to_group(message)))


def blind_evaluate(
    key: Scalar, blinded: Sequence[Element], random: Random
) -> tuple[list[Element], Proof]:
    """Evaluate blinded elements, with one proof for all of them (sections 2.2.1 and 3.3.2)."""
    evaluated = [multiply(key, item) for item in blinded]
    public = multiply_base(key)
    composite = _combine(_weights(public, blinded, evaluated), blinded)
    image = multiply(key, composite)
    nonce = random_scalar(random)
    commitments = multiply_base(nonce), multiply(nonce, composite)
    challenge = _challenge(public, composite, image, *commitments)
    response = scalar_difference(nonce, scalar_product(challenge, key))
    return evaluated, Proof(challenge, response)


def finalize(
    public: Element,
    messages: Sequence[bytes],
    blinds: Sequence[Scalar],
    blinded: Sequence[Element],
    evaluated: Sequence[Element],
    *,
    proof: Proof,
) -> list[bytes]:
    """The 64-byte outputs, once the proof for the whole batch holds (sections 2.2.2 and 3.3.2).

    Raises:
        TokenError: another key than `public` evaluated an element (`proof`).
    """
    verify_proof(public, blinded, evaluated, proof)
    return [
        _output(message, multiply(scalar_inverse(by), item))
        for message, by, item in zip(messages, blinds, evaluated, strict=True)
    ]


def verify_proof(
    public: Element, blinded: Sequence[Element], evaluated: Sequence[Element], proof: Proof
) -> None:
    """Check that one secret key links generator to `public` and each blinded element to its image.

    Raises:
        TokenError: it does not (`proof`).
    """
    if not blinded or len(blinded) != len(evaluated):
        raise TokenError("The issuer answered another number of elements.", code="proof")
    try:
        weights = _weights(public, blinded, evaluated)
        composite, image = _combine(weights, blinded), _combine(weights, evaluated)
        first = add(multiply_base(proof.response), multiply(proof.challenge, public))
        second = add(multiply(proof.response, composite), multiply(proof.challenge, image))
    except TokenError:  # an identity on the way: no honest issuer's proof leads there
        raise TokenError("The issuer's proof does not hold.", code="proof") from None
    if _challenge(public, composite, image, first, second) != proof.challenge:
        raise TokenError("The issuer's proof does not hold.", code="proof")


def _weights(
    public: Element, blinded: Sequence[Element], evaluated: Sequence[Element]
) -> list[Scalar]:
    """The pseudorandom weights of ComputeComposites, which fold a batch into one pair."""
    seed = hashlib.sha512(_prefixed(public) + _prefixed(b"Seed-" + _CONTEXT)).digest()
    return [
        _hash_to_scalar(
            _prefixed(seed) + at.to_bytes(2, "big") + _prefixed(one) + _prefixed(two) + b"Composite"
        )
        for at, (one, two) in enumerate(zip(blinded, evaluated, strict=True))
    ]


def _combine(weights: Sequence[Scalar], elements: Sequence[Element]) -> Element:
    total = multiply(weights[0], elements[0])
    for weight, item in zip(weights[1:], elements[1:], strict=True):
        total = add(total, multiply(weight, item))
    return total


def _challenge(*elements: Element) -> Scalar:
    return _hash_to_scalar(b"".join(_prefixed(item) for item in elements) + b"Challenge")


def _output(message: bytes, item: Element) -> bytes:
    return hashlib.sha512(_prefixed(message) + _prefixed(item) + b"Finalize").digest()


def _hash_to_scalar(message: bytes, tag: bytes = b"HashToScalar-" + _CONTEXT) -> Scalar:
    return reduce(_expand(message, tag))


def _expand(message: bytes, tag: bytes) -> bytes:
    """expand_message_xmd of RFC 9380 section 5.3.1 with SHA-512, for 64 bytes: one block."""
    suffix = tag + bytes([len(tag)])
    first = hashlib.sha512(_SHA512_BLOCK + message + b"\x00\x40\x00" + suffix).digest()
    return hashlib.sha512(first + b"\x01" + suffix).digest()


def _prefixed(part: bytes) -> bytes:
    if len(part) > 0xFFFF:
        raise TokenError("An input has over 65535 bytes.", code="shape")
    return len(part).to_bytes(2, "big") + part
