"""What an anonymous call must not leave behind: no line of a log, no number that moves."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import text

from marketplace.logging_setup import configure_logging
from marketplace.tokens import service as tokens
from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_key, a_request, a_vendor, a_withdrawal, problem
from tests.support.tokens import spending

PSEUDONYM = a_key("pseudonym")


def traces(request: Any, texts: list[str]) -> list[str]:
    """What of a call can be found in texts: its path, its document, its sender."""
    words = [
        "/requests",
        request.digest,
        PSEUDONYM.did,
        "Twin stroller",
        "127.0.0.1",
        "market.test",
    ]
    return [word for word in words for text in texts if word in text]


Collect = Callable[[], list[str]]


@pytest.fixture
def logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> Iterator[Collect]:
    """Log as the market does, with every library at its loudest; answers all that was said."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiosqlite", "asyncio", "httpx", "httpcore"):  # the test's own, or without values
        caplog.set_level(logging.WARNING, logger=name)
    configure_logging()
    yield lambda: [*(record.getMessage() for record in caplog.records), *capsys.readouterr()]
    structlog.reset_defaults()


async def test_an_anonymous_call_is_not_logged(market: ClockedMarket, logged: Collect) -> None:
    request = a_request(market, PSEUDONYM)
    refused = a_request(market, PSEUDONYM, need={"category": "weapons"})
    with market.served() as url:
        async with httpx.AsyncClient(base_url=url) as http:
            token = await spending(market.market, PSEUDONYM.did)
            json = {"Content-Type": "application/json", **token}
            assert (
                await http.post("/requests", content=refused.wire, headers=json)
            ).is_client_error
            assert (await http.post("/requests", content=b"{", headers=json)).is_client_error
            assert (await http.post("/requests", content=request.wire, headers=json)).is_success
            withdrawal = a_withdrawal(market, PSEUDONYM, request.digest)
            answer = await http.post("/request-withdrawals", content=withdrawal.wire, headers=json)
            assert answer.is_success
    assert traces(request, logged()) == []


@pytest.mark.on_postgresql
async def test_a_failure_is_logged_without_the_call(
    open_market: OpenMarket, logged: Collect
) -> None:
    """The operator learns where and of which kind, but neither path nor body nor sender, nor when."""
    market = await open_market()
    request = a_request(market, PSEUDONYM)
    await tokens.keep_keys(market.market)
    await market.execute("ALTER TABLE pending RENAME TO gone")
    answer = await market.send(request)
    assert problem(answer) == (500, "internal")
    assert "pending" not in answer.text
    assert not any("internal_error" in text for text in logged()), "not while the call is answered"
    market.app.state.failures.flush()
    texts = logged()
    assert any("internal_error" in text for text in texts)
    assert any("requests/service.py" in text for text in texts)
    assert traces(request, [text.replace("marketplace/requests/", "") for text in texts]) == []
    assert not [text for text in texts if "proofValue" in text]


async def test_a_caller_that_hangs_up_is_not_logged(market: ClockedMarket, logged: Collect) -> None:
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": "/requests",
        "raw_path": b"/requests",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }
    with contextlib.suppress(ConnectionError):
        await market.app(scope, receive, send)
    assert not [text for text in logged() if text.strip()]


async def test_no_metric_moves_when_an_anonymous_call_arrives(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, a_key("vendor")))

    async def metrics() -> str:
        answer = await market.http.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain")
        return answer.text

    before = await metrics()
    request = a_request(market, PSEUDONYM)
    await market.store(request, a_withdrawal(market, PSEUDONYM, request.digest))
    await market.post("/requests", b"{")
    assert await metrics() == before
    await market.publish()
    after = await metrics()
    assert "vrm_requests_published 1.0" in after
    assert "vrm_requests_published 0.0" in before


async def test_no_public_list_moves_when_an_anonymous_call_arrives(market: ClockedMarket) -> None:
    description = await market.get("/openapi.json")
    paths = [
        path
        for path, item in description["paths"].items()
        if "get" in item and "{" not in path and "/self/" not in path and path != "/board"
    ]
    assert {"/clock", "/batches", "/runs", "/metrics"} <= set(paths)
    await tokens.keep_keys(market.market)
    before = {path: (await market.http.get(path)).text for path in paths}
    await market.store(a_request(market))
    assert {path: (await market.http.get(path)).text for path in paths} == before


async def test_health_and_readiness(open_market: OpenMarket) -> None:
    market = await open_market()
    assert await market.get("/health") == {"status": "ok"}
    assert await market.get("/ready") == {"status": "ready"}
    await market.execute("UPDATE alembic_version SET version_num = '0000'")
    answer = await market.http.get("/ready")
    assert problem(answer) == (503, "busy")
    assert answer.headers["Retry-After"]


async def test_a_database_that_cannot_be_reached_is_not_ready(
    open_market: OpenMarket, database_kind: str
) -> None:
    if database_kind == "sqlite":
        market = await open_market(database_url="sqlite+aiosqlite:////nowhere/market.db")
    else:
        market = await open_market(database_url="postgresql+asyncpg://nobody@127.0.0.1:1/market")
    assert await market.get("/health") == {"status": "ok"}
    assert problem(await market.http.get("/ready")) == (503, "busy")


def wal_of(market: ClockedMarket) -> Path:
    """SQLite's write-ahead log."""
    return Path(market.market.db.url.partition(":///")[2] + "-wal")


@pytest.mark.on_postgresql
async def test_no_file_keeps_the_order_in_which_documents_came(market: ClockedMarket) -> None:
    """Deleted rows live on in a write-ahead log, or in a heap, until something truncates it."""
    await market.store(*(a_request(market) for _ in range(8)))
    assert await market.publish() == 8
    if market.market.db.is_sqlite:
        log = wal_of(market)
        assert not log.exists() or log.stat().st_size == 0
    else:
        async with market.market.db.snapshot() as connection:
            size = await connection.execute(text("SELECT pg_relation_size('pending')"))
            assert size.scalar_one() == 0


async def test_a_reader_that_keeps_the_order_from_being_forgotten(
    sqlite_market: ClockedMarket,
) -> None:
    """The write-ahead log outlives a publication during a long read, and no longer than the read."""
    market = sqlite_market
    await market.reset()
    async with market.market.db.snapshot() as reader:
        await reader.execute(text("SELECT count(*) FROM requests"))
        await market.store(*(a_request(market) for _ in range(2)))
        assert await market.publish() == 2
        assert wal_of(market).stat().st_size > 0
    await market.market.db.forget_order()
    assert wal_of(market).stat().st_size == 0
