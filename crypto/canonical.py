"""Canonical JSON (RFC 8785) on the strict subset, and the identity of a document.

On the subset that `crypto.ijson` admits (ASCII member names, integers within 2^53 - 1, no floats)
the canonical form is sorted compact JSON: ASCII names sort alike by UTF-16 code unit and by byte,
and an integer is its digits. C code writes that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from crypto.encoding import base64url_encode
from crypto.errors import DocumentError
from crypto.ijson import check

_encode: Final = msgspec.json.Encoder(order="sorted").encode


def canonical(value: object) -> bytes:
    """The RFC 8785 form of a JSON value made of dict, list (or tuple), str, int, bool and None.

    Raises:
        DocumentError: the value is outside the strict subset.
    """
    check(value)
    try:
        return _encode(value)
    except UnicodeEncodeError:
        raise DocumentError(
            "A string holds half of a surrogate pair.", code="lone-surrogate"
        ) from None


def unsigned(document: Mapping[str, object]) -> dict[str, object]:
    """The document without its proof."""
    return {name: value for name, value in document.items() if name != "proof"}


def digest(document: Mapping[str, object]) -> str:
    """The identity of a document: SHA-256 of its canonical unsigned form, base64url, 43 characters.

    Raises:
        DocumentError: the document is outside the strict subset.
    """
    return base64url_encode(hashlib.sha256(canonical(unsigned(document))).digest())
