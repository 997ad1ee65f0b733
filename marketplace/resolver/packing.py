"""One sort instead of three: fields packed into 64-bit keys.

`np.sort` of packed integers is an order of magnitude faster than `np.lexsort` or `np.argsort`
of the fields, so the row number rides in the lowest bits of the key that it is sorted by.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]

KEY_BITS: Final = 63
"""What fits into a non-negative int64."""


def bits(values: Integers) -> int:
    """The width that the largest of `values`, none of them negative, needs."""
    return int(values.max(initial=0)).bit_length()


def ranks(values: Integers) -> NDArray[np.int64]:
    """Narrow stand-ins that compare as `values` do: each value's rank among the distinct ones."""
    return np.unique(values, return_inverse=True)[1]


def sort_packed(
    major: Integers, minor: Integers, payload: Integers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort `payload` by (major, minor, payload); none of them negative.

    Also returns the positions of entries that equal the next one in major and minor. Where the
    fields are too wide for one key they are sorted one by one: slower, and the same order.
    """
    minor_bits, payload_bits = bits(minor), bits(payload)
    if bits(major) + minor_bits + payload_bits <= KEY_BITS:
        keys = major.astype(np.int64)
        for field, width in ((minor, minor_bits), (payload, payload_bits)):
            keys <<= width
            keys |= field
        keys.sort()
        level = keys >> payload_bits
        keys &= (1 << payload_bits) - 1
        return keys, np.flatnonzero(level[1:] == level[:-1])
    order = np.lexsort((payload, minor, major))
    major, minor = major[order], minor[order]
    equal = (major[1:] == major[:-1]) & (minor[1:] == minor[:-1])
    return payload[order].astype(np.int64), np.flatnonzero(equal)
