"""Size classes of anonymous calls: what is posted, and what answers it, is filled up with blanks.

Blanks after a JSON value mean nothing to any reader (RFC 8259, section 2) and are no part of what is signed. So
whoever sees only how long a call is cannot tell a long text from a short one, nor a request from a withdrawal.
"""

from collections.abc import Sequence
from typing import Final

WRITES: Final = (8 * 1024, 16 * 1024, 32 * 1024, 64 * 1024)
"""Bytes of a body that is posted; the first class holds every request with ASCII text, the last all that a
market takes."""

ANSWERS: Final = (2 * 1024,)
"""Bytes of an answer: a promise, or why there is none."""


def padded(body: bytes, classes: Sequence[int]) -> bytes:
    """Fill up a JSON body to the smallest class that holds it; one beyond the largest stays as it is."""
    for size in classes:
        if len(body) <= size:
            return body.ljust(size)
    return body
