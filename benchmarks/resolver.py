"""The resolver against a bare sort, a naive loop, a public library and PostgreSQL.

    python -m benchmarks.resolver [--sizes 10k,100k,1M] [--json] [--bars]

One row for each size of a made-up day (`_market_day`): requests with ten bids each, a tenth as
many vendors, units for 1.2 times the requests. The kernel's seconds are those of checking the
columns, matching and naming three runners-up; its bytes are those of columns and work together.
*With newcomers* is the same day with all customers allowing them, and a twentieth of the vendors new.
Seconds are processor time, and for PostgreSQL, which may use several processes, the clock's.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks._harness import Bar, Report, as_json, as_text
from benchmarks._market_day import market_day, with_newcomers
from benchmarks._resolver_peers import library, naive_match, naive_orders, plain
from benchmarks._resolver_postgres import first_choices
from benchmarks._resolver_process import apart, seconds
from marketplace.resolver import Market
from tests.support.databases import postgres_server

UNITS = {"k": 1_000, "M": 1_000_000}
ROUNDS = 6
LIBRARY_AT_MOST = 10_000
"""Beyond this the library takes minutes, then hours."""

COLUMNS = (
    "requests",
    "kernel s",
    "bytes/bid",
    "sort s",
    "x sort",
    "with newcomers s",
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
    markets = {size: market_day(count(size)) for size in sizes}
    kernel: dict[str, float] = {}
    with ExitStack() as stack:
        processes = {s: stack.enter_context(apart(market)) for s, market in markets.items()}
        trying = {
            s: stack.enter_context(apart(with_newcomers(market))) for s, market in markets.items()
        }
        first = {size: process.first_run for size, process in processes.items()}
        # In turn, so that a slow spell of the machine meets all alike.
        rounds = [{s: process.round() for s, process in processes.items()} for _ in range(ROUNDS)]
        newer = [{s: process.round() for s, process in trying.items()} for _ in range(2)]
    with postgres_server() as server:
        server.create("market")
        url = server.url("market").replace("+asyncpg", "")
        for size, market in markets.items():
            ours = kernel[size] = min(timing[size].kernel for timing in rounds)
            sort = min(timing[size].sort for timing in rounds)
            naive, other = _peers(market, first[size].bids)
            query = asyncio.run(first_choices(url, market))
            newcomers = min(timing[size].kernel for timing in newer)
            memory = first[size].peak_bytes / len(market.bids.price)
            report.rows.append(
                (size, ours, memory, sort, ours / sort, newcomers, naive, naive / ours)
                + (("-", "-") if other is None else (other, other / ours))
                + (query, query / ours)
            )
            if size == "1M":
                report.bars += [
                    Bar("kernel at 1M, in sorts", ours / sort, 12),
                    Bar("naive loop at 1M, in kernels", naive / ours, 14, at_least=True),
                    Bar("bytes per bid at 1M", memory, 150),
                ]
    if kernel.keys() >= {"100k", "1M"}:
        report.bars.append(
            Bar("kernel at 1M, in kernels at 100k", kernel["1M"] / kernel["100k"], 13)
        )
    return report


def count(size: str) -> int:
    """The number that `10k` or `1M` stands for."""
    return int(size[:-1]) * UNITS[size[-1]]


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


def main() -> None:
    """Print the table; with `--bars` exit 1 unless every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10k,100k,1M", help="comma-separated, as 10k or 1M")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--bars", action="store_true", help="exit 1 when a bar does not hold")
    arguments = parser.parse_args()
    sizes = arguments.sizes.split(",")
    if not all(re.fullmatch(r"[1-9][0-9]*[kM]", size) for size in sizes):
        parser.error("sizes read as 10k,1M")
    report = measure(sizes)
    print(as_json(report) if arguments.json else as_text(report))
    if arguments.bars and not (report.bars and all(bar.holds for bar in report.bars)):
        sys.exit(1)


if __name__ == "__main__":
    main()
