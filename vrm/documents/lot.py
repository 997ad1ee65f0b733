"""The lot by which a request tries newcomers, and the seeds that nobody can choose.

A request is drawn if the first eight bytes of SHA-256(seed || request), read as a number, are below the
market's share of 2^64. The request is the 32 bytes of its digest. Each run reveals a seed of its own, whose
SHA-256 is the seed of the run before, or the anchor in the market's descriptor.
"""

import hashlib
from collections.abc import Iterable, Iterator

import crypto


def highest_draw(share: int) -> int:
    """The highest number with which a request is drawn, -1 if none is.

    Args:
        share: of how many in a thousand.
    """
    # n < share * 2^64 / 1000, in integers; the bound may be 2^64 itself.
    return -(-(share << 64) // 1000) - 1


def is_drawn(seed: str, request: str, share: int) -> bool:
    """Tell whether the lot of a run falls on a request; both are digests as documents write them."""
    both = crypto.base64url_decode(seed) + crypto.base64url_decode(request)
    return int.from_bytes(hashlib.sha256(both).digest()[:8]) <= highest_draw(share)


def unsettled(seeds: Iterable[str], anchor: str) -> Iterator[str]:
    """Those of all runs' seeds, oldest first, that the market had not settled before."""
    before = anchor
    for seed in seeds:
        digest = hashlib.sha256(crypto.base64url_decode(seed)).digest()
        if crypto.base64url_encode(digest) != before:
            yield seed
        before = seed
