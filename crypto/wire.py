"""Reading and writing TLS presentation-language structures (RFC 8446 section 3).

`vector` has the length header of draft-ietf-privacypass-batched-tokens section 3.2: the
variable-length integer of RFC 9000 section 16, in its shortest form only.
"""

from __future__ import annotations

from crypto.errors import TokenError


class Reader:
    """Takes fields off the front of a structure; each method raises `TokenError` where it ends."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def take(self, size: int) -> bytes:
        part = self._raw[self._at : self._at + size]
        if len(part) != size:
            raise TokenError("A structure ends too early.", code="shape")
        self._at += size
        return part

    def vector16(self) -> bytes:
        """opaque<0..2^16-1>"""
        return self.take(int.from_bytes(self.take(2), "big"))

    def vector(self) -> bytes:
        """opaque<V>"""
        first = self.take(1)[0]
        if first >> 6 == 3:
            raise TokenError("A structure is too long.", code="shape")
        more = (1 << (first >> 6)) - 1
        size = int.from_bytes(bytes([first & 0x3F]) + self.take(more), "big")
        if _length(size) != self._raw[self._at - more - 1 : self._at]:
            raise TokenError("A length is not in its shortest form.", code="shape")
        return self.take(size)

    def end(self) -> None:
        if self._at != len(self._raw):
            raise TokenError("A structure has bytes after its end.", code="shape")


def vector16(content: bytes) -> bytes:
    """opaque<0..2^16-1>"""
    return len(content).to_bytes(2, "big") + content


def vector(content: bytes) -> bytes:
    """opaque<V>"""
    return _length(len(content)) + content


def _length(size: int) -> bytes:
    for form, width in enumerate((1, 2, 4)):
        if size < 1 << (8 * width - 2):
            return (size | form << (8 * width - 2)).to_bytes(width, "big")
    raise TokenError("A structure is too long.", code="shape")
