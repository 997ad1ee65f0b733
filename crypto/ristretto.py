"""The prime-order group ristretto255 (RFC 9496), computed by libsodium through `rbcl`.

Everything that touches a secret scalar stays inside libsodium, in constant time; Python only passes
bytes along. `rbcl` hands bytes to C without looking at their length, so the types below are made
only by functions that looked: an `Element` is a canonical encoding other than the identity, a
`Scalar` lies between 1 and the group's order less one.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Final, NewType

import rbcl

from crypto.errors import TokenError
from crypto.keys import Random

Element = NewType("Element", bytes)
Scalar = NewType("Scalar", bytes)

ELEMENT_SIZE: Final = 32
SCALAR_SIZE: Final = 32

_IDENTITY: Final = bytes(ELEMENT_SIZE)
_ZERO: Final = bytes(SCALAR_SIZE)


def _remove_copy(loaded: Path) -> None:
    """Remove the file of 3 MB that `rbcl` writes for each process that loads it, and leaves behind.

    Once loaded it is not needed. Only a file in the directory for temporary files is touched.
    """
    if loaded.parent == Path(tempfile.gettempdir()):
        with contextlib.suppress(OSError):
            loaded.unlink()


_remove_copy(Path(rbcl._sodium._name))


def element(raw: bytes) -> Element:
    """Read an element.

    Raises:
        TokenError: not 32 bytes, not a canonical encoding, or the identity.
    """
    if len(raw) != ELEMENT_SIZE or raw == _IDENTITY:
        raise TokenError("A group element is the identity or has a wrong length.", code="element")
    if not rbcl.crypto_core_ristretto255_is_valid_point(bytes(raw)):
        raise TokenError("A group element is not in its canonical encoding.", code="element")
    return Element(bytes(raw))


def scalar(raw: bytes) -> Scalar:
    """Read a scalar.

    Raises:
        TokenError: not 32 bytes, zero, or not below the group's order.
    """
    if len(raw) != SCALAR_SIZE or raw == _ZERO or reduce(raw + _ZERO) != raw:
        raise TokenError("A scalar is out of range or has a wrong length.", code="scalar")
    return Scalar(bytes(raw))


def reduce(uniform: bytes) -> Scalar:
    """A 64-byte little-endian integer modulo the group's order; all but surely not zero."""
    if len(uniform) != 64:
        raise TokenError("A scalar is reduced from 64 bytes.", code="scalar")
    return Scalar(rbcl.crypto_core_ristretto255_scalar_reduce(uniform))


def from_uniform(uniform: bytes) -> Element:
    """The one-way map of RFC 9496 section 4.3.4, on 64 bytes."""
    if len(uniform) != 64:
        raise TokenError("An element is derived from 64 bytes.", code="element")
    return element(rbcl.crypto_core_ristretto255_from_hash(uniform))


def random_scalar(random: Random) -> Scalar:
    return scalar(reduce(random(64)))


def multiply(by: Scalar, point: Element) -> Element:
    """`by` times `point`.

    Raises:
        TokenError: the product is the identity.
    """
    try:
        return Element(rbcl.crypto_scalarmult_ristretto255(by, point))
    except RuntimeError:
        raise TokenError("A product of group elements is the identity.", code="element") from None


def multiply_base(by: Scalar) -> Element:
    """`by` times the generator.

    Raises:
        TokenError: the product is the identity.
    """
    try:
        return Element(rbcl.crypto_scalarmult_ristretto255_base(by))
    except RuntimeError:
        raise TokenError("A product of group elements is the identity.", code="element") from None


def add(one: Element, other: Element) -> Element:
    """The sum of two elements.

    Raises:
        TokenError: the sum is the identity.
    """
    return element(rbcl.crypto_core_ristretto255_add(one, other))


def scalar_product(one: Scalar, other: Scalar) -> Scalar:
    return Scalar(rbcl.crypto_core_ristretto255_scalar_mul(one, other))


def scalar_difference(one: Scalar, other: Scalar) -> Scalar:
    return Scalar(rbcl.crypto_core_ristretto255_scalar_sub(one, other))


def scalar_inverse(of: Scalar) -> Scalar:
    return Scalar(rbcl.crypto_core_ristretto255_scalar_invert(of))
