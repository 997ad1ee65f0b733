"""What a wallet downloads in a day: the bytes of one round after the day's run, by what they are of.

The wallet did a round before the day began. It owns nothing: what it asks for does not depend on that. Up to
`REAL` requests the day is real (`_wallet_day`) and the wallet reads it as it reads any; a larger one is grown
in the tables (`_grown_day`), and the wallet does not verify its assignments, whose signatures are made up.
Bytes are those of answers as they came through a socket, heads and bodies. The server does not compress;
*gzipped* is what would have come if it did, each answer's body by itself. Batches are *refused* where the
wallet, as it asks for them, gets an answer that is longer than it takes; they were then counted one by one.
"""

from __future__ import annotations

import asyncio
import tempfile
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks._grown_day import grow
from benchmarks._harness import Report
from benchmarks._wallet_day import play, prepare
from crypto.vault import Cost
from marketplace import schema
from marketplace.instants import instant_text
from tests.support.clock import SetClock
from tests.support.market import ClockedMarket, clocked_market
from vrm.client.customer import CustomerClient
from vrm.documents import Assignment, Signed, recall
from vrm.documents.base import D
from vrm.documents.mail import mailbox_of
from vrm.documents.scalars import parse_instant
from vrm.errors import MarketMisbehaved
from vrm.wallet import mail, rounds
from vrm.wallet.wallet import Wallet

REAL = 1_000
"""Up to so many requests a day is real."""
SMALL = 200
"""The requests of the real day that a larger one is grown from."""
ALL = "all"
KINDS = ("batches", "mail: the list", "mail: own buckets", "run: assignments", "run: acceptances",
         "run: the rest", "log and proofs", "the rest")  # fmt: skip
COLUMNS = ("open requests", "what", "answers", "MB", "MB gzipped", "refused")


@dataclass
class Count:
    """Answers of a kind, and their bytes."""

    answers: int = 0
    size: int = 0
    gzipped: int = 0


class Counting(httpx.AsyncBaseTransport):
    """Plain HTTP that counts what comes in, by kind."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.counts: dict[str, Count] = defaultdict(Count)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if "content-encoding" in answer.headers:
            raise RuntimeError("the server compresses: count its bytes, not our own")
        count = self.counts[kind_of(request.url.path)]
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
        count.answers += 1
        count.size += head
        count.gzipped += head
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Counted(answer.stream, count)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()
        self._inner = httpx.AsyncHTTPTransport()  # another client of the round's uses this one too


class _Counted(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, count: Count) -> None:
        self._stream, self._count = stream, count
        self._gzip = zlib.compressobj(6, wbits=31)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._count.size += len(chunk)
            self._count.gzipped += len(self._gzip.compress(chunk))
            yield chunk
        self._count.gzipped += len(self._gzip.flush())

    async def aclose(self) -> None:
        await self._stream.aclose()


def kind_of(path: str) -> str:
    """Of what an address is a part."""
    parts = path.strip("/").split("/")
    if parts[0] == "mail":
        return "mail: own buckets" if len(parts) > 1 else "mail: the list"
    if parts[0] == "runs":
        last = f"run: {parts[-1]}"
        return last if last in KINDS else "run: the rest"
    return {"batches": "batches", "log": "log and proofs"}.get(parts[0], "the rest")


class GrownClient(CustomerClient):
    """A client that reads a grown day, whose assignments are not verified."""

    def verified(self, raw: bytes, expected: type[D]) -> Signed[D]:
        """Read a document; an assignment without its proof."""
        if expected is Assignment:
            return Signed(recall(raw, expected), "", raw)
        return super().verified(raw, expected)


def measure(sizes: Mapping[str, int]) -> Report:
    """Measure the round at each size, a number of requests under its name."""
    report = Report("a wallet's day", COLUMNS)
    for name, requests in sizes.items():
        with tempfile.TemporaryDirectory(prefix="vrm-downloads-") as folder:
            file = Path(folder) / "market.db"
            schema.upgrade(f"sqlite+aiosqlite:///{file}")
            counts, takes_batches = asyncio.run(_measured(file, requests))
        for kind in (*KINDS, ALL):
            count = counts[kind] if kind != ALL else _sum(list(counts.values()))
            refused = kind == "batches" and not takes_batches
            report.rows.append(
                (name, kind, count.answers, count.size / 1e6, count.gzipped / 1e6,
                 "yes" if refused else "")
            )  # fmt: skip
    return report


def _sum(counts: Sequence[Count]) -> Count:
    return Count(
        sum(one.answers for one in counts),
        sum(one.size for one in counts),
        sum(one.gzipped for one in counts),
    )


async def _measured(file: Path, requests: int) -> tuple[dict[str, Count], bool]:
    """What a round brings, and whether the client takes the batches as it asks for them."""
    home, is_real = file.parent, requests <= REAL
    async with clocked_market(home / "market", f"sqlite+aiosqlite:///{file}") as market:
        await prepare(market)
        with market.served() as address:
            wallet = _wallet(home / "wallet", market, address)
            await _round(wallet, CustomerClient(address))
            day = await play(market, requests if is_real else SMALL)
            if not is_real:
                await grow(market, file, day, requests, _mailboxes(wallet, market.clock))
            async with CustomerClient(address) as client:
                takes = await _takes_batches(client)
            counting = Counting()
            kind = CustomerClient if is_real else GrownClient
            await _round(wallet, kind(address, transport=counting, timeout=300.0))
    return counting.counts, takes


def _wallet(home: Path, market: ClockedMarket, address: str) -> Wallet:
    now = parse_instant(instant_text(market.clock.now))
    return Wallet.create(
        home, b"benchmark", url=address, rules=market.rules, now=now, cost=Cost.MINIMUM
    )


async def _round(wallet: Wallet, client: CustomerClient) -> None:
    async with client:
        done = await rounds.go(wallet, client)
    if done.troubles:
        raise RuntimeError(f"the round was not whole: {done.troubles[0]}")


async def _takes_batches(client: CustomerClient) -> bool:
    try:
        return [batch async for batch in client.batches()] != []
    except MarketMisbehaved:
        return False


def _mailboxes(wallet: Wallet, clock: SetClock) -> set[int]:
    """Where the wallet may have mail."""
    rules = wallet.read().rules
    epochs = list(mail.epochs_at(rules, clock.now))
    places = range(max(rules.tokens.allotment.values()))
    return {mailbox_of(wallet.pseudonym(epoch, at).did) for epoch in epochs for at in places}
