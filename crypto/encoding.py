"""Bytes as text, each value with exactly one accepted spelling.

base58btc under the multibase prefix `z` (did:key, Data Integrity proofs) and base64url without
padding (RFC 4648 section 5). A second spelling of the same bytes would be a second name for the
same thing, so decoding refuses all but the one that encoding writes.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from crypto.errors import EncodingError

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_NO_DIGIT: Final = 255
_DIGITS: Final = bytes(
    _ALPHABET.index(chr(code)) if chr(code) in _ALPHABET else _NO_DIGIT for code in range(256)
)
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*\Z")


def base58_encode(raw: bytes) -> str:
    """Multibase base58btc: `z`, then one `1` for each leading zero byte, then the digits."""
    number = int.from_bytes(raw, "big")
    pairs: list[str] = []
    while number:
        number, pair = divmod(number, 3364)
        pairs.append(_PAIRS[pair])
    digits = "".join(reversed(pairs)).lstrip("1")
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "z" + "1" * zeros + digits


def base58_decode(text: str, size: int) -> bytes:
    """The `size` bytes that `base58_encode` writes as `text`.

    Raises:
        EncodingError: no such bytes: wrong prefix, character, length or number of leading zeros.
    """
    # 1.366 characters a byte: a bound before the arithmetic, which is quadratic in the length.
    if not text.startswith("z") or len(text) > size * 11 // 8 + 2 or not text.isascii():
        raise EncodingError("A multibase base58btc value is malformed.")
    digits = ("1" * (-(len(text) - 1) % 8) + text[1:]).encode().translate(_DIGITS)
    if _NO_DIGIT in digits:
        raise EncodingError("A multibase base58btc value is malformed.")
    number = 0
    # Eight digits at a time fit a machine word: an eighth of the arithmetic on big integers.
    for at in range(0, len(digits), 8):
        a, b, c, d, e, f, g, h = digits[at : at + 8]
        word = ((((((a * 58 + b) * 58 + c) * 58 + d) * 58 + e) * 58 + f) * 58 + g) * 58 + h
        number = number * 58**8 + word
    try:
        raw = number.to_bytes(size, "big")
    except OverflowError:
        raise EncodingError("A multibase base58btc value is malformed.") from None
    ones = len(text) - 1 - len(text[1:].lstrip("1"))
    if size - len(raw.lstrip(b"\0")) != ones:
        raise EncodingError("A multibase base58btc value is not in its canonical spelling.")
    return raw


def base64url_encode(raw: bytes) -> str:
    """base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def base64url_decode(text: str) -> bytes:
    """The bytes that `base64url_encode` writes as `text`.

    Raises:
        EncodingError: padding, a foreign character, or unused bits that are not zero.
    """
    if not _BASE64URL.match(text):
        raise EncodingError("A base64url value holds a character outside its alphabet.")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise EncodingError("A base64url value has an impossible length.") from None
    if base64url_encode(raw) != text:
        raise EncodingError("A base64url value is not in its canonical spelling.")
    return raw
