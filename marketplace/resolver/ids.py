"""Requests' ids as documents write them, base64url, and the 32 bytes that they stand for."""

from __future__ import annotations

import base64

import numpy as np

from .tables import U8, Strings

TEXT = 43
"""Characters of 32 bytes in base64url (RFC 4648, section 5) without padding."""


def raw_ids(texts: Strings) -> U8:
    """(n, 32): the bytes that ids stand for."""
    # With an A behind it, each is a whole number of groups; the byte too many falls off.
    padded = np.empty((len(texts), TEXT + 1), dtype=np.uint8)
    padded[:, :TEXT] = np.ascontiguousarray(texts).view(np.uint8).reshape(-1, TEXT)
    padded[:, TEXT] = ord("A")
    raw = np.frombuffer(base64.urlsafe_b64decode(padded.tobytes()), dtype=np.uint8)
    return np.ascontiguousarray(raw.reshape(-1, 33)[:, :32])


def text_ids(raw: U8) -> Strings:
    """The ids of (n, 32) bytes."""
    padded = np.zeros((len(raw), 33), dtype=np.uint8)
    padded[:, :32] = raw
    text = np.frombuffer(base64.urlsafe_b64encode(padded.tobytes()), dtype=np.uint8)
    ids: Strings = np.ascontiguousarray(text.reshape(-1, TEXT + 1)[:, :TEXT]).view(f"S{TEXT}")
    return ids.ravel()
