"""The bytes of a mail segment, which the market writes and wallets read.

A segment holds sealed messages (`crypto.messages`) in order of their SHA-256: before each its length as four
bytes, big-endian. It is known by its own SHA-256 and never changes. The length of a message is one of the few
that `crypto.sealed` pads to.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, Literal

import crypto
from crypto.sealed import OVERHEAD, SIZE_CLASSES

Purpose = Literal["bid", "bid-withdrawal", "question"]
"""What a sealed message of the market to a request's owner holds: a Bid, a BidWithdrawal or a Question."""

_LENGTHS: Final = frozenset(size + OVERHEAD for size in SIZE_CLASSES)


def pack(boxes: Iterable[bytes]) -> bytes:
    """Write sealed messages as a segment."""
    return b"".join(len(box).to_bytes(4) + box for box in sorted(boxes, key=_digest))


def unpack(segment: bytes) -> list[bytes]:
    """Read a segment's sealed messages.

    Raises:
        ValueError: a message has none of the lengths that occur, is cut off, or is out of order.
    """
    boxes: list[bytes] = []
    at = 0
    while at < len(segment):
        length = int.from_bytes(segment[at : at + 4])
        box = segment[at + 4 : at + 4 + length]
        if length not in _LENGTHS or len(box) < length:
            raise ValueError("a message has none of the lengths that occur, or is cut off")
        boxes.append(box)
        at += 4 + length
    digests = [_digest(box) for box in boxes]
    if digests != sorted(digests):
        raise ValueError("messages are out of order")
    return boxes


def name_of(segment: bytes) -> str:
    """The name of a segment: its SHA-256, base64url."""
    return crypto.base64url_encode(_digest(segment))


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
