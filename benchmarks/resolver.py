"""The resolver against a bare sort, a naive loop, a public library and PostgreSQL.

    python -m benchmarks.resolver [--sizes 10k,100k,1M] [--json] [--bars]

One row for each size of a made-up day (`_market_day`): requests with ten bids each, a tenth as
many vendors, units for 1.2 times the requests. The kernel's seconds are those of checking the
columns, matching and naming three runners-up; its bytes are those of columns and work together.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks._harness import Bar, Report, as_json, as_text
from benchmarks._market_day import BIDS_PER_REQUEST, market_day
from benchmarks._resolver_peers import library, naive_match, naive_orders, plain
from benchmarks._resolver_postgres import first_choices
from benchmarks._resolver_process import measure_apart, seconds
from marketplace.resolver import Market
from tests.support.databases import PostgresServer, postgres_server

UNITS = {"k": 1_000, "M": 1_000_000}
ROUNDS = 7
LIBRARY_AT_MOST = 10_000
"""Beyond this the library takes minutes, then hours."""

COLUMNS = (
    "requests",
    "kernel s",
    "bytes/bid",
    "sort s",
    "x sort",
    "naive s",
    "naive/kernel",
    "matching s",
    "matching/kernel",
    "DISTINCT ON s",
    "DISTINCT ON/kernel",
)


def measure(sizes: Sequence[str]) -> Report:
    """Measure the kernel and its peers at each size, and check that all agree."""
    report = Report("resolver", COLUMNS)
    kernel, x_sort, speed_up, memory = {}, {}, {}, {}
    with postgres_server() as server:
        server.create("market")
        for size in sizes:
            requests = int(size[:-1]) * UNITS[size[-1]]
            market = market_day(requests)
            with tempfile.TemporaryDirectory(prefix="vrm-resolver-") as folder:
                apart = measure_apart(market, ROUNDS, Path(folder))
            naive_s, library_s = _peers(market, apart.bids)
            postgres_s = _postgres(server, market)
            ours = kernel[size] = apart.kernel_seconds
            x_sort[size], speed_up[size] = ours / apart.sort_seconds, naive_s / ours
            memory[size] = apart.peak_bytes / (requests * BIDS_PER_REQUEST)
            report.rows.append(
                (
                    size,
                    ours,
                    memory[size],
                    apart.sort_seconds,
                    x_sort[size],
                    naive_s,
                    speed_up[size],
                    library_s if library_s is not None else "-",
                    library_s / ours if library_s is not None else "-",
                    postgres_s,
                    postgres_s / ours,
                )
            )
    if "1M" in kernel:
        report.bars += [
            Bar("kernel at 1M, in sorts", x_sort["1M"], 12),
            Bar("naive loop at 1M, in kernels", speed_up["1M"], 14, at_least=True),
            Bar("bytes per bid at 1M", memory["1M"], 150),
        ]
        if "100k" in kernel:
            growth = kernel["1M"] / kernel["100k"]
            report.bars.append(Bar("kernel from 100k to 1M, times", growth, 13))
    return report


def _peers(market: Market, bids: list[int]) -> tuple[float, float | None]:
    """Seconds of the naive loop, and of the library where it can finish."""
    rows = plain(market)
    ordering_s, orders = seconds(lambda: naive_orders(rows))
    matching_s, matched = seconds(lambda: naive_match(rows, orders))
    if matched != bids:
        raise AssertionError("the naive loop and the kernel disagree")
    if len(orders) > LIBRARY_AT_MOST:
        return ordering_s + matching_s, None
    library_s, matched = seconds(lambda: library(rows, orders))
    if matched != bids:
        raise AssertionError("the library and the kernel disagree")
    return ordering_s + matching_s, library_s


def _postgres(server: PostgresServer, market: Market) -> float:
    url = server.url("market").replace("+asyncpg", "")
    return asyncio.run(first_choices(url, market))[0]


def main() -> None:
    """Print the table; with `--bars` exit 1 unless every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10k,100k,1M", help="comma-separated, as 10k or 1M")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--bars", action="store_true", help="exit 1 when a bar does not hold")
    arguments = parser.parse_args()
    report = measure(arguments.sizes.split(","))
    print(as_json(report) if arguments.json else as_text(report))
    if arguments.bars and not (report.bars and all(bar.holds for bar in report.bars)):
        sys.exit(1)


if __name__ == "__main__":
    main()
