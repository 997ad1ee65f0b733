"""What anonymity costs: posting with a token against posting without, and what a wallet downloads in a day.

    python -m benchmarks.anonymity [--sizes 1k,100k,1M] [--json] [--bars]

Two tables. A market serves in a process of its own, on SQLite and on PostgreSQL. Requests and tokens are made
beforehand; eight connections post them over loopback, padded as wallets pad them, in turns of a few hundred
with tokens and as many without. *Without* does everything else: parse, verify, check, store, promise.

Then, for each of the sizes, a wallet does the round that follows a day with so many open requests and ten bids
on each (`_downloads`). With `--json` each table is an object on a line of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import structlog

import crypto
from benchmarks import _downloads
from benchmarks._harness import Bar, Report, as_json, as_text
from crypto import token_http
from marketplace import schema
from marketplace.market import Market
from marketplace.tokens.rules import secret_key
from tests.support.builders import a_request
from tests.support.databases import postgres_server
from tests.support.market import an_identity, settings_of
from tests.support.tokens import minted
from vrm.documents.padding import WRITES, padded

UNITS = {"k": 1_000, "M": 1_000_000}
TURNS = 8
POSTS = 300
CONNECTIONS = 8
BAR = 1.5
COLUMNS = ("database", "posting", "posts/s", "median ms", "99 of 100 within ms", "times the floor")


def measure_posting() -> Report:
    """Measure posting on both databases."""
    report = Report("anonymity", COLUMNS)
    with tempfile.TemporaryDirectory(prefix="vrm-anonymity-") as name, postgres_server() as server:
        folder = Path(name)
        server.create("anonymity")
        urls = {
            "SQLite": f"sqlite+aiosqlite:///{folder / 'market.db'}",
            "PostgreSQL": server.url("anonymity"),
        }
        for database, url in urls.items():
            schema.upgrade(url)
            with _served(folder / database, url) as address:
                market = Market.open(settings_of(folder / database, url), an_identity())
                with_token, without = asyncio.run(_posting(market, address))
            ratio = _rate(without) / _rate(with_token)
            report.rows.append((database, "without a token", *_figures(without), 1.0))
            report.rows.append((database, "with a token", *_figures(with_token), ratio))
            report.bars.append(Bar(f"posting with a token on {database}, in floors", ratio, BAR))
    return report


Turn = tuple[float, list[float]]
"""Seconds that a turn took, and those of each of its posts."""


async def _posting(market: Market, address: str) -> tuple[list[Turn], list[Turn]]:
    await market.db.dispose()
    with_token: list[Turn] = []
    without: list[Turn] = []
    for turn in range(TURNS + 1):
        for found, path in ((with_token, "/requests"), (without, "/requests-without-token")):
            calls = [_call(market, path, address) for _ in range(POSTS)]
            taken = await _post_all(address, calls)
            if turn:  # the first turn warms up
                found.append(taken)
    return with_token, without


def _call(market: Market, path: str, address: str) -> bytes:
    """A whole HTTP call that posts a request, with a token where it needs one."""
    key = crypto.SigningKey.generate()
    body = padded(a_request(market, key).wire, WRITES)
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {urlsplit(address).netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if path == "/requests":
        epoch = market.rules.tokens.epoch_at(int(time.time()))
        issuer = secret_key(market.identity.issuer_seed, "new", epoch, 0)
        token = minted(market.did, key.did, issuer)
        lines.append(f"Authorization: {token_http.authorization(token)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _post_all(address: str, calls: list[bytes]) -> Turn:
    waiting = list(calls)
    took: list[float] = []

    async def one_connection() -> None:
        url = urlsplit(address)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        while waiting:
            call = waiting.pop()
            start = time.perf_counter()
            writer.write(call)
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            answer = await reader.readexactly(size)
            took.append(time.perf_counter() - start)
            if b" 202 " not in head.partition(b"\r\n")[0]:
                raise RuntimeError(f"a post was refused: {answer.decode().strip()}")
        writer.close()
        await writer.wait_closed()

    start = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    return time.perf_counter() - start, took


def _rate(turns: list[Turn]) -> float:
    """Posts in a second, in the best turn: what is above it is the machine's other work."""
    return max(len(took) / seconds for seconds, took in turns)


def _figures(turns: list[Turn]) -> tuple[float, float, float]:
    took = [one for _, all_of_turn in turns for one in all_of_turn]
    cuts = statistics.quantiles(took, n=100)
    return _rate(turns), cuts[49] * 1000, cuts[98] * 1000


@contextmanager
def _served(home: Path, url: str) -> Iterator[str]:
    """A market in a process of its own, for the length of a block; yields its address."""
    command = [sys.executable, "-m", "benchmarks._anonymity_server", str(home), url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as own:
        assert own.stdout is not None
        assert own.stdin is not None
        try:
            yield own.stdout.readline().strip()
        finally:
            own.stdin.close()


def count(size: str) -> int:
    """`10k` as a number."""
    return int(size[:-1]) * UNITS[size[-1]]


def main() -> None:
    """Measure, print, and with `--bars` exit 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1k", help="open requests, comma-separated, as 1k or 1M")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each table")
    parser.add_argument("--bars", action="store_true", help="exit 1 when a bar does not hold")
    arguments = parser.parse_args()
    sizes = arguments.sizes.split(",")
    if not all(re.fullmatch(r"[1-9][0-9]*[kM]", size) for size in sizes):
        parser.error("sizes read as 1k,1M")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    reports = [measure_posting(), _downloads.measure({size: count(size) for size in sizes})]
    for report in reports:
        print(as_json(report) if arguments.json else f"{as_text(report)}\n")
    if arguments.bars and not all(bar.holds for report in reports for bar in report.bars):
        sys.exit(1)


if __name__ == "__main__":
    main()
