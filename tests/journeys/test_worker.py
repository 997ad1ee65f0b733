"""The daily job by the real worker and scheduler: embedded, and as processes around a Redis."""

import asyncio
import json
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from crypto.token_http import authorization
from crypto.tokens import IssuerKey
from marketplace.identity import Identity
from marketplace.market import Market
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from marketplace.tokens.rules import secret_key
from tests.conftest import OpenMarket
from tests.support import a_bid, a_key, a_request, a_vendor
from tests.support.processes import (
    PATIENCE,
    Program,
    await_ready,
    free_port,
    new_home,
    program,
    redis,
    script,
)
from tests.support.tokens import minted
from vrm import keyfile
from vrm.documents import Document, MarketDescriptor, PersonalRequest, Signed, read

VENDOR = a_key("vendor")
PATHS = {"VendorProfile": "/vendors", "PersonalRequest": "/requests", "Bid": "/bids"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who knows a market by its address only."""

    http: httpx.AsyncClient
    rules: MarketDescriptor
    issuer: IssuerKey

    async def store(self, *documents: Signed[Document]) -> None:
        for document in documents:
            headers = {"Content-Type": "application/json"}
            if isinstance(document.body, PersonalRequest):
                token = minted(self.rules.market, document.body.pseudonym, self.issuer)
                headers["Authorization"] = authorization(token)
            answer = await self.http.post(
                PATHS[type(document.body).__name__], content=document.wire, headers=headers
            )
            assert answer.is_success, answer.text

    async def get(self, path: str) -> Any:
        answer = await self.http.get(path)
        return answer.json() if answer.is_success else None

    async def batch(self, request: str) -> dict[str, Any] | None:
        """The batch in which a request became public."""
        page = await self.get("/batches")
        return next((one for one in page["items"] if request in one["requests"]), None)


async def visit(http: httpx.AsyncClient, identity: Identity, now: float) -> Visitor:
    """A visitor who has posting tokens, as a member would draw them."""
    descriptor = await http.get("/.well-known/vrm-market")
    rules = read(descriptor.content, MarketDescriptor).body
    epoch = rules.tokens.epoch_at(int(now))
    return Visitor(http, rules, secret_key(identity.issuer_seed, "new", epoch, 0))


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """Look until there is something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := await look():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def ended(one: Program) -> bool:
    return not one.is_running()


@pytest.mark.on_postgresql
async def test_a_day_by_the_embedded_worker(open_market: OpenMarket) -> None:
    """`market serve` without a broker: the clock moves, and all the rest happens by itself."""
    market = await open_market(
        schedule={"batch_seconds": 1, "bids_close_minutes": 1, "minimum_open_minutes": 0}
    )
    with market.served(works=True) as url:
        async with httpx.AsyncClient(base_url=url) as http:
            visitor = await visit(http, market.market.identity, market.clock())
            request = a_request(visitor)
            await visitor.store(a_vendor(visitor, VENDOR), request)
            market.clock.advance(1)
            await eventually(lambda: visitor.batch(request.digest))
            bid = a_bid(visitor, VENDOR, request)
            await visitor.store(bid)
            market.clock.set("2026-11-20T17:00:00Z")

            async def report() -> Any:
                run = await visitor.get("/runs/2026-11-20")
                return run and run["report"]

            found = await eventually(report)
            assert (found["requests"], found["assigned"]) == (1, 1)
            (assignment,) = (await visitor.get("/runs/2026-11-20/assignments"))["items"]
            assert assignment["bid"] == bid.digest


@pytest.mark.on_postgresql
async def test_workers_with_loops_of_their_own_do_each_thing_once(open_market: OpenMarket) -> None:
    """Four workers without a broker to divide the work, each in a thread with its own connections."""
    market = await open_market(
        schedule={"batch_seconds": 1, "bids_close_minutes": 1, "minimum_open_minutes": 0}
    )
    inner, stop = market.market, threading.Event()

    def work() -> None:
        async def alone() -> None:
            own = Market.open(inner.settings, inner.identity, clock=market.clock)
            while not stop.is_set():
                await requests.publish_batch(own)
                await runs.close_days(own)
            await own.db.dispose()

        asyncio.run(alone())

    workers = [asyncio.create_task(asyncio.to_thread(work)) for _ in range(4)]
    digests = []
    for _ in range(6):
        request = a_request(market)
        digests.append(request.digest)
        await market.store(request)
        market.clock.advance(1)
        await asyncio.sleep(0.05)

    async def all_on_the_board() -> bool:
        batches = await market.items("/batches")
        return sum(len(batch["requests"]) for batch in batches) == len(digests)

    async def all_published() -> bool:
        listed = await market.items("/runs")
        return [run["day"] for run in listed if run["report"]] == [
            f"2026-11-2{number}" for number in (2, 1, 0)
        ]

    try:
        await eventually(all_on_the_board)
        market.clock.set("2026-11-22T17:00:00Z")
        await eventually(all_published)
    finally:
        stop.set()
        await asyncio.gather(*workers)
    batches = await market.items("/batches")
    published = [digest for batch in batches for digest in batch["requests"]]
    assert sorted(published) == sorted(digests)
    found = await market.get("/runs/2026-11-20")
    assert found["report"]["unfilled"]["no-bids"] == len(digests)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


@pytest.mark.long
async def test_a_day_by_processes_around_a_redis(home: Path, tmp_path: Path) -> None:
    """`market serve --no-worker`, two `market worker`, one of them killed, and `market resolve`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with redis(tmp_path) as broker:
        environment = {
            "VRM_MARKET_HOME": str(home),
            "VRM_MARKET_BROKER_URL": broker,
            "VRM_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
        }
        market = script("market")
        serve = [market, "serve", "--no-worker", "--port", str(port)]
        with (
            program(tmp_path / "serve.log", *serve, environment=environment) as server,
            program(tmp_path / "worker1.log", market, "worker", environment=environment) as first,
            program(tmp_path / "worker2.log", market, "worker", environment=environment) as second,
        ):
            await_ready(url, server)
            async with httpx.AsyncClient(base_url=url) as http:
                secret = keyfile.load(home / "market.key", b"correct horse battery")
                visitor = await visit(http, Identity.from_secret(secret), time.time())

                async def issuing() -> Any:
                    return (await visitor.get("/issuer-keys"))["items"]

                await eventually(issuing)
                request = a_request(visitor)
                await visitor.store(a_vendor(visitor, VENDOR), request)
                await eventually(lambda: visitor.batch(request.digest))
                first.kill()
                bid = a_bid(visitor, VENDOR, request)
                late = a_request(visitor)
                await visitor.store(bid, late)
                await eventually(lambda: visitor.batch(late.digest))
                resolve = [market, "resolve", "--json", "--timeout", "60"]
                with program(tmp_path / "out", *resolve, environment=environment) as resolving:
                    await eventually(lambda: ended(resolving))
                assert resolving.stop() == 0, resolving.said
                report = json.loads(resolving.said.strip().splitlines()[-1])
                assert (report["requests"], report["assigned"]) == (2, 1)
                (assignment,) = (await visitor.get(f"/runs/{report['day']}/assignments"))["items"]
                assert assignment["bid"] == bid.digest
            # uvicorn ends in order, and then by the signal that it was sent
            assert (server.stop(), second.stop()) == (-signal.SIGTERM, 0)
            for one in (server, second):
                assert "Traceback" not in one.said
                assert request.digest not in one.said
                assert "/requests" not in one.said
