"""The kernel in a process of its own, so that its memory can be told from its measurer's."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from marketplace.resolver import Bids, Market, Outcome, Places, Requests, reserves, resolve
from marketplace.resolver.tables import Table

RESERVE_DEPTH = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """What one process found out about one market."""

    kernel_seconds: float
    sort_seconds: float
    peak_bytes: int
    """What the process grew by from an empty market to its peak: the columns and all work on them."""
    bids: list[int]
    """Each request's bid."""


def measure_apart(market: Market, rounds: int, folder: Path) -> Measured:
    """Hand the market's columns to a fresh process and measure there, best of `rounds`."""
    for table in (market.requests, market.places, market.bids):
        for f in fields(table):
            np.save(folder / f"{type(table).__name__}.{f.name}.npy", getattr(table, f.name))
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (folder, market.seed, rounds))


def _measure(folder: Path, seed: bytes, rounds: int) -> Measured:
    before = _memory("VmRSS")
    requests, places, bids = _load(Requests, folder), _load(Places, folder), _load(Bids, folder)

    def kernel() -> Outcome:
        market = Market(requests, places, bids, seed)
        outcome = resolve(market)
        reserves(market, outcome, RESERVE_DEPTH)
        return outcome

    outcome = kernel()
    peak = _memory("VmHWM") - before
    keys = np.random.default_rng(1).integers(0, 1 << 63, len(bids.price), dtype=np.int64)
    kernel_seconds, sort_seconds = [], []
    for _ in range(rounds):  # in turn, so that a slow spell of the machine meets both
        kernel_seconds.append(seconds(kernel)[0])
        sort_seconds.append(seconds(lambda: np.sort(keys))[0])
    return Measured(min(kernel_seconds), min(sort_seconds), peak, outcome.bid.tolist())


def _load(kind: type[Table], folder: Path) -> Table:
    return kind(**{f.name: np.load(folder / f"{kind.__name__}.{f.name}.npy") for f in fields(kind)})


def seconds(call: Callable[[], T]) -> tuple[float, T]:
    """How long a call takes without pauses by the garbage collector, and what it returns."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    result = call()
    duration = time.perf_counter() - start
    gc.enable()
    return duration, result


def _memory(name: str) -> int:
    """A figure of this process in bytes, from `/proc` (proc(5)): resident now, or at its peak."""
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024
