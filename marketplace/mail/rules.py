"""How mail is divided into buckets."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

from vrm.documents.mail import MAILBOX_BITS, bucket_of

Key = tuple[int, str, str]
"""A waiting document: its recipient's mailbox, its purpose and its digest."""

EVERYBODYS: Final = -1
"""In place of a mailbox, of what goes into the bucket of all mail: wallets look no more into the mailbox's."""


def bits_of(requests: Mapping[int, int], minimum: int) -> int:
    """The most bits that buckets can have with a minimum of requests in each.

    Args:
        requests: how many each mailbox has, if any.
    """
    total, bits = sum(requests.values()), MAILBOX_BITS
    while bits and total < minimum << bits:  # fewer than enough for each bucket, however they lie
        bits -= 1
    counts = [0] * (1 << bits)
    for mailbox, count in requests.items():
        counts[mailbox >> (MAILBOX_BITS - bits)] += count
    while bits and min(counts) < minimum:
        counts = [counts[at] + counts[at + 1] for at in range(0, len(counts), 2)]
        bits -= 1
    return bits


def first_bucket(waiting: Sequence[Key], bits: int) -> tuple[str, list[Key]]:
    """The bucket of the first of documents that wait, and those from the first on that lie in it."""
    if not waiting:
        return "", []
    bucket = _bucket_of(waiting[0][0], bits)
    return bucket, list(takewhile(lambda key: _bucket_of(key[0], bits) == bucket, waiting))


def _bucket_of(mailbox: int, bits: int) -> str:
    return bucket_of(mailbox, 0 if mailbox == EVERYBODYS else bits)
