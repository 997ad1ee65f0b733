"""One log in a process of its own, so that its peak of memory is its own: prints JSON.

python -m benchmarks._log_process LEAVES
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import crypto
from crypto import merkle
from marketplace import schema
from marketplace.log import service
from marketplace.market import Market
from tests.support.market import an_identity, settings_of

STEP = 10_000
PROOFS = 200


def digest(number: int) -> str:
    """A document's digest, as good as any."""
    return crypto.base64url_encode(hashlib.sha256(number.to_bytes(8)).digest())


def measured(leaves: int, folder: Path) -> dict[str, float]:
    """Seconds and bytes of putting, appending and proving so many leaves on SQLite."""
    url = f"sqlite+aiosqlite:///{folder / 'market.db'}"
    schema.upgrade(url)
    return asyncio.run(_measure(url, leaves, folder))


async def _measure(url: str, leaves: int, folder: Path) -> dict[str, float]:
    market = Market.open(settings_of(folder, url), an_identity())
    try:
        before = _peak()
        put = append = 0.0
        for first in range(0, leaves, STEP):
            start = time.perf_counter()
            async with market.db.unit_of_work() as connection:
                await service.put(connection, map(digest, range(first, first + STEP)))
            put += time.perf_counter() - start
            start = time.perf_counter()
            await service.grow(market)
            append += time.perf_counter() - start
        rng = random.Random(leaves)
        asked = [rng.randrange(leaves) for _ in range(PROOFS)]
        inclusion = await _each(lambda n: service.prove_inclusion(market, digest(n), None), asked)
        consistency = await _each(lambda n: service.prove_consistency(market, n + 1, None), asked)
        grown = _peak() - before
    finally:
        await market.db.dispose()
    return {
        "put": put,
        "append": append,
        "hashing": _hashing(leaves),
        "inclusion": inclusion,
        "consistency": consistency,
        "peak": grown,
        "stored": (folder / "market.db").stat().st_size,
    }


async def _each(prove: Callable[[int], Awaitable[object]], asked: list[int]) -> float:
    start = time.perf_counter()
    for number in asked:
        await prove(number)
    return (time.perf_counter() - start) / len(asked)


def _hashing(leaves: int) -> float:
    """Seconds of hashing alone: the leaves and the tree above them, in memory."""
    start = time.perf_counter()
    tree = merkle.Tree()
    for number in range(leaves):
        tree.append(merkle.leaf_hash(number.to_bytes(32)))
    tree.root()
    return time.perf_counter() - start


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="vrm-log-") as name:
        print(json.dumps(measured(int(sys.argv[1]), Path(name))))
