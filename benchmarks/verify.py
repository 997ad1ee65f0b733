"""Verifying a whole day from its bundle, against resolving it and against verifying its bids' signatures.

    python -m benchmarks.verify [--sizes 10k,100k] [--json] [--bars]

One row for each size of a made-up day (`_signed_day`): requests with ten bids each, all documents signed,
frozen, resolved, logged and announced by the market's own code on SQLite. *bundle s* is writing it, *MB* its
size. *verify s* is `market verify` on this machine's processors by the clock, in a process of its own; *cpu
s* all its processes' time. *signatures s* is the time of the processor that the signatures of the same bids
take by themselves, *resolve s* that of the resolver. *peak MB* is the main process's memory, *bytes/bid* what
it grew by over the smallest size for each bid more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks._harness import Bar, Report, as_json, as_text
from benchmarks._signed_day import play
from marketplace import schema
from marketplace.bundle.source import save
from marketplace.market import Market
from tests.support.clock import START, SetClock
from tests.support.market import an_identity, settings_of

UNITS = {"k": 1_000, "M": 1_000_000}
BAR_SIGNATURES = 5.0
BAR_BYTES = 1000.0
COLUMNS = (
    "requests",
    "bundle s",
    "MB",
    "verify s",
    "cpu s",
    "signatures s",
    "cpu/signatures",
    "resolve s",
    "verify/resolve",
    "peak MB",
    "worker MB",
    "bytes/bid",
)


def measure(sizes: Sequence[str]) -> Report:
    """Measure each size."""
    report = Report("verify", COLUMNS)
    smallest: tuple[int, int] | None = None
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="vrm-verify-") as folder:
            bundle, url = Path(folder) / "bundle", f"sqlite+aiosqlite:///{folder}/market.db"
            schema.upgrade(url)
            wrote = asyncio.run(_bundle(url, Path(folder), bundle, count(size)))
            found = _verify(bundle)
            megabytes = bundle.stat().st_size / 1e6
        if found["faults"]:
            raise RuntimeError(f"the day of {size} does not verify")
        bids, peak = int(found["bids"]), int(found["peak"])
        smallest = smallest or (bids, peak)
        more = (peak - smallest[1]) / (bids - smallest[0]) if bids > smallest[0] else "-"
        signatures = found["signature"] * bids
        share = found["cpu"] / signatures
        report.rows.append(
            (
                size, wrote, megabytes, found["seconds"], found["cpu"], signatures, share,
                found["resolve"], found["seconds"] / found["resolve"], peak / 1e6,
                found["worker"] / 1e6, more,
            )
        )  # fmt: skip
        if size == "100k":
            report.bars.append(Bar("verifying 1M bids, in bare signatures", share, BAR_SIGNATURES))
            if isinstance(more, float):
                report.bars.append(Bar("bytes for each bid", more, BAR_BYTES))
    return report


async def _bundle(url: str, folder: Path, bundle: Path, requests: int) -> float:
    """Make the day and its bundle; answers the seconds of writing the bundle."""
    clock = SetClock(START)
    market = Market.open(settings_of(folder / "home", url), an_identity(), clock=clock)
    try:
        day = await play(market, clock, requests, os.cpu_count() or 1)
        start = time.perf_counter()
        await save(market, day, bundle)
        return time.perf_counter() - start
    finally:
        await market.db.dispose()


def _verify(bundle: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks._verify_process", str(bundle)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def count(size: str) -> int:
    """`10k` as a number."""
    return int(size[:-1]) * UNITS[size[-1]]


def main() -> None:
    """Measure, print, and with `--bars` exit 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10k,100k", help="comma-separated, as 10k or 1M")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--bars", action="store_true", help="exit 1 when a bar does not hold")
    arguments = parser.parse_args()
    sizes = arguments.sizes.split(",")
    if not all(re.fullmatch(r"[1-9][0-9]*[kM]", size) for size in sizes):
        parser.error("sizes read as 10k,1M")
    report = measure(sizes)
    print(as_json(report) if arguments.json else as_text(report))
    if arguments.bars and not all(bar.holds for bar in report.bars):
        sys.exit(1)


if __name__ == "__main__":
    main()
