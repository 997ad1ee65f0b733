"""The transparency log: appending, proving, and what it takes in memory and on disk.

    python -m benchmarks.log [--json] [--bars]

Leaves wait in the database ten thousand at a time and are appended with tiles and a checkpoint each time, as
the market's job does it, on SQLite. *hashing* is the floor: the same tree in memory. *peak* is how far the
process grew from before the first leaf until after the proofs; the tree is never in memory as a whole, so
ten times the leaves must not need more.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks._harness import Bar, Report, run

SIZES = {"100k": 100_000, "1M": 1_000_000}
MEMORY_BAR = 1.2
COLUMNS = (
    "leaves",
    "let wait s",
    "append s",
    "hashing s",
    "append/hashing",
    "inclusion ms",
    "consistency ms",
    "peak MiB",
    "on disk, bytes/leaf",
)


def measure() -> Report:
    """Measure the log at 100,000 and at 1,000,000 leaves, each in a process of its own."""
    report = Report("log", COLUMNS)
    peaks = {}
    for label, leaves in SIZES.items():
        command = [sys.executable, "-m", "benchmarks._log_process", str(leaves)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        peaks[label] = found["peak"]
        report.rows.append(
            (
                label,
                found["put"],
                found["append"],
                found["hashing"],
                found["append"] / found["hashing"],
                found["inclusion"] * 1000,
                found["consistency"] * 1000,
                found["peak"] / 2**20,
                found["stored"] / leaves,
            )
        )
    growth = peaks["1M"] / peaks["100k"]
    report.bars.append(Bar("peak memory at 1M leaves, in that at 100k", growth, MEMORY_BAR))
    return report


if __name__ == "__main__":
    run(measure)
