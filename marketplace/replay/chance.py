"""Draws that depend on a seed and on what is drawn for, and on nothing else.

Every draw is a hash of the seed, of its purpose and of the keys of what it concerns, so that it is the same
whatever else is drawn, in whatever order and in blocks of whatever size. The hash is the finaliser of
SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]


def seed_bytes(seed: int, purpose: str) -> bytes:
    """32 bytes for one purpose."""
    return sha256(f"market replay:{seed}:{purpose}".encode()).digest()


def draw(seed: int, purpose: str, *keys: U64) -> U64:
    """One 64-bit draw for each row of the keys."""
    start = int.from_bytes(seed_bytes(seed, purpose)[:8], "big")
    drawn = np.full(1, start, dtype=np.uint64)
    for key in keys:
        drawn = _mixed(drawn ^ key)
    return drawn


def below(bound: int, draws: U64) -> NDArray[np.int64]:
    """Draws as integers from 0 to `bound` - 1; the bias is under `bound` / 2^64."""
    return (draws % np.uint64(bound)).astype(np.int64)


def _mixed(values: U64) -> U64:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
