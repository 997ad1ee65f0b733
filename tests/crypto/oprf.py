"""RFC 9497's two modes that no token uses, OPRF (0) and POPRF (2), over the package's group.

They serve to run the official vectors of all three modes through `crypto.ristretto`; hashing is
written again here, so that it also differs from the package's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import rbcl

from crypto.ristretto import (
    Element,
    Scalar,
    add,
    from_uniform,
    multiply,
    multiply_base,
    reduce,
    scalar_difference,
    scalar_product,
)


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


class Mode:
    def __init__(self, mode: int) -> None:
        self.context = b"OPRFV1-" + bytes([mode]) + b"-ristretto255-SHA512"

    def expand(self, message: bytes, tag: bytes) -> bytes:
        domain = tag + self.context
        suffix = domain + len(domain).to_bytes(1, "big")
        padded = bytes(128) + message + (64).to_bytes(2, "big") + b"\0" + suffix
        return hashlib.sha512(hashlib.sha512(padded).digest() + b"\1" + suffix).digest()

    def to_scalar(self, message: bytes, tag: bytes = b"HashToScalar-") -> Scalar:
        return reduce(self.expand(message, tag))

    def derive_key(self, seed: bytes, info: bytes) -> Scalar:
        return self.to_scalar(seed + framed(info) + b"\0", b"DeriveKeyPair")

    def blind(self, message: bytes, by: Scalar) -> Element:
        return multiply(by, from_uniform(self.expand(message, b"HashToGroup-")))

    def output(self, message: bytes, info: bytes | None, item: Element) -> bytes:
        parts = [message, item] if info is None else [message, info, item]
        return hashlib.sha512(framed(*parts) + b"Finalize").digest()

    def tweak(self, info: bytes) -> Scalar:
        return self.to_scalar(b"Info" + framed(info))

    def prove(
        self, key: Scalar, before: Sequence[Element], after: Sequence[Element], nonce: Scalar
    ) -> bytes:
        public = multiply_base(key)
        seed = hashlib.sha512(framed(public, b"Seed-" + self.context)).digest()
        total: Element | None = None
        for at, (one, two) in enumerate(zip(before, after, strict=True)):
            transcript = framed(seed) + at.to_bytes(2, "big") + framed(one, two) + b"Composite"
            part = multiply(self.to_scalar(transcript), one)
            total = part if total is None else add(total, part)
        assert total is not None
        image = multiply(key, total)
        commitments = multiply_base(nonce), multiply(nonce, total)
        challenge = self.to_scalar(framed(public, total, image, *commitments) + b"Challenge")
        return challenge + scalar_difference(nonce, scalar_product(challenge, key))


def scalar_sum(one: Scalar, other: Scalar) -> Scalar:
    return Scalar(rbcl.crypto_core_ristretto255_scalar_add(one, other))
