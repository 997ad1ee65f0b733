"""How many bids go into one call."""

from collections.abc import Iterable, Iterator
from typing import Final

BATCH_BIDS: Final = 1000
BATCH_BYTES: Final = 4 * 1024 * 1024
ENVELOPE_BYTES: Final = 64
"""More than the JSON around the bids takes."""


def in_batches(bids: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Divide signed bids (their wire form), in order, into calls of a size that the market takes."""
    batch: list[bytes] = []
    size = 0
    for wire in bids:
        if batch and (len(batch) == BATCH_BIDS or size + len(wire) > BATCH_BYTES - ENVELOPE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(wire)
        size += len(wire) + 1
    if batch:
        yield batch
