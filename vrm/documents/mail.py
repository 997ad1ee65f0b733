"""Mail as the market writes it and wallets read it: buckets, and the bytes of their segments.

A bucket holds what is sealed to all pseudonyms whose *mailbox* begins with the same bits. A mailbox is the
first 16 bits of the SHA-256 of the pseudonym's did:key, so that anybody who can derive a pseudonym knows where
its mail lies, whether the pseudonym was ever used or not. A bucket is written as those bits: the empty text is
the one that holds all mail, `01` holds a quarter of it. How many bits they are is settled anew whenever mail is
published.

Wallets look into the buckets of what was posted lately (`looked_for`). Mail about an older request goes into
the bucket of all mail, which everybody downloads.

A segment is a part of a bucket. It holds sealed messages (`crypto.messages`) in order of their SHA-256: before
each its length as four bytes, big-endian. It is known by its own SHA-256 and never changes. The length of a
message is one of the few that `crypto.sealed` pads to.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from msgspec import Meta

import crypto
from crypto.sealed import OVERHEAD, SIZE_CLASSES
from vrm.documents.market import MarketDescriptor
from vrm.documents.membership import DAY_SECONDS

Purpose = Literal[
    "bid",
    "bid-withdrawal",
    "question",
    "shipment",
    "vendor-message",
    "vendor-cancellation",
    "vendor-dispute",
    "ruling",
    "request",
    "withdrawal",
    "preference",
    "answer",
    "disclosure",
    "confirmation",
    "cancellation",
    "handover",
    "message",
    "rating",
    "vendor-rating-answer",
    "dispute",
    "vendor-rating",
    "rating-answer",
]
"""What a sealed message of the market to a pseudonym holds.

The first seven and the last two are vendors' documents: a Bid, a BidWithdrawal, a Question, a Shipment, a
VendorMessage, a VendorCancellation, a VendorDispute; a VendorRating once it is open, a RatingAnswer. A Ruling
is the market's. The others are copies of what the pseudonym posted itself, once it counts: a PersonalRequest, a
RequestWithdrawal, a Preference, an Answer, a Disclosure, a Confirmation, a Cancellation, a Handover, a Message,
a Rating, a VendorRatingAnswer, a Dispute. Out of them a wallet that was lost is made again from its phrase.
"""

MAILBOX_BITS: Final = 16

MARGIN_SECONDS: Final = 3 * DAY_SECONDS
"""By how much sooner mail about a request counts as late than wallets stop looking: it waited for its batch,
and the mail waits for one, perhaps of a market that was out of order."""

Bucket = Annotated[str, Meta(pattern=r"^[01]{0,16}$(?!\n)")]
"""The bits with which the mailboxes of a bucket begin."""

_LENGTHS: Final = frozenset(size + OVERHEAD for size in SIZE_CLASSES)


def mailbox_of(pseudonym: str) -> int:
    """The mailbox of a pseudonym, by its did:key: a number of `MAILBOX_BITS` bits."""
    return int.from_bytes(_digest(pseudonym.encode())[: MAILBOX_BITS // 8])


def bucket_of(mailbox: int, bits: int) -> str:
    """The bucket of so many bits that holds a mailbox."""
    return f"{mailbox:0{MAILBOX_BITS}b}"[:bits]


def is_in(mailbox: int, bucket: str) -> bool:
    """Whether a bucket holds a mailbox."""
    return bucket_of(mailbox, len(bucket)) == bucket


def looked_for(rules: MarketDescriptor) -> int:
    """For how many seconds wallets look into a request's bucket, from the last moment of its posting token on.

    It is open for bids, and may roll over; two days more, for its batch and the day's last cutoff. Then its
    vendor accepts it, and for the longest part both may write, or rate. Each day more is more mail for
    everybody to download.
    """
    schedule = rules.schedule
    open_for = schedule.minimum_open_minutes * 60 + (schedule.roll_over_days + 2) * DAY_SECONDS
    days = max(rules.messages.days, rules.ratings.answer_days)
    return open_for + schedule.acknowledge_minutes * 60 + days * DAY_SECONDS


def is_late_since(rules: MarketDescriptor, instant: int) -> int:
    """The instant before which a request was published if mail about it is late at an instant."""
    return instant + MARGIN_SECONDS - looked_for(rules)


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
