"""The kernel in a process of its own, so that its memory can be told from its measurer's."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from marketplace.resolver import Bids, Market, Outcome, Places, Requests, reserves, resolve
from marketplace.resolver.tables import Table

RESERVE_DEPTH: Final = 3
ROUND_REQUESTS: Final = 1_000_000
SORTS_PER_KERNEL: Final = 9

T = TypeVar("T")


@dataclass(frozen=True)
class FirstRun:
    """What the kernel's first run in a fresh process shows."""

    peak_bytes: int
    """What the process grew by, from before it had the columns to its peak."""
    bids: list[int]
    """Each request's bid."""


@dataclass(frozen=True)
class Timing:
    """Seconds of processor time of one run, on average over a round."""

    kernel: float
    sort: float
    """`np.sort` of as many random 64-bit keys as there are bids."""


class Apart:
    """A process that holds one market."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @cached_property
    def first_run(self) -> FirstRun:
        """Must be asked for before any round."""
        return self._pool.apply(_first_run)

    def round(self) -> Timing:
        """Run the kernel and the sort so often that each takes about a second.

        All that is compared then has the same chance of a quiet machine.
        """
        return self._pool.apply(_round)


@contextmanager
def apart(market: Market) -> Iterator[Apart]:
    """Hand the market's columns to a fresh process."""
    with tempfile.TemporaryDirectory(prefix="vrm-resolver-") as name:
        folder = Path(name)
        for table in (market.requests, market.places, market.bids):
            for f in fields(table):
                np.save(folder / f"{type(table).__name__}.{f.name}.npy", getattr(table, f.name))
        start = (folder, market.seed, market.newcomer_share)
        with get_context("spawn").Pool(1, initializer=_start, initargs=start) as pool:
            yield Apart(pool)


def seconds(call: Callable[[], T]) -> tuple[float, T]:
    """The processor time of a call, garbage collector off, and what it returns.

    Processor time and not the clock's: the machine's other work counts less, and none of what is
    timed here waits or uses more than one thread.
    """
    gc.collect()
    gc.disable()
    start = time.process_time()
    result = call()
    duration = time.process_time() - start
    gc.enable()
    return duration, result


@dataclass
class _Held:
    tables: tuple[Requests, Places, Bids]
    seed: bytes
    newcomer_share: int
    resident_before: int

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        bids = self.tables[2]
        return np.random.default_rng(1).integers(0, 1 << 63, len(bids.price), dtype=np.int64)

    def kernel(self) -> Outcome:
        market = Market(*self.tables, self.seed, self.newcomer_share)
        outcome = resolve(market)
        reserves(market, outcome, RESERVE_DEPTH)
        return outcome


_held: list[_Held] = []


def _start(folder: Path, seed: bytes, newcomer_share: int) -> None:
    before = _memory("VmRSS")
    tables = (_load(Requests, folder), _load(Places, folder), _load(Bids, folder))
    _held.append(_Held(tables, seed, newcomer_share, before))


def _first_run() -> FirstRun:
    outcome = _held[0].kernel()
    return FirstRun(_memory("VmHWM") - _held[0].resident_before, outcome.bid.tolist())


def _round() -> Timing:
    held = _held[0]
    runs = max(1, ROUND_REQUESTS // len(held.tables[0].price))

    def average(call: Callable[[], object], calls: int) -> float:
        def repeated() -> None:
            for _ in range(calls):
                call()

        return seconds(repeated)[0] / calls

    kernel = average(held.kernel, runs)
    return Timing(kernel, average(lambda: np.sort(held.keys), runs * SORTS_PER_KERNEL))


def _load(kind: type[Table], folder: Path) -> Table:
    return kind(**{f.name: np.load(folder / f"{kind.__name__}.{f.name}.npy") for f in fields(kind)})


def _memory(name: str) -> int:
    """This process's memory in bytes (proc(5)): `VmRSS` is resident now, `VmHWM` at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
