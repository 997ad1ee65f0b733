"""What both sides' clients share: identity, patience, and saying nothing about themselves."""

import asyncio
import gzip
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest

import crypto
from tests.vrm.documents.samples import KEY, NEWCOMERS, OTHER, REPUTATION
from vrm.client.base import LARGEST_ANSWER, USER_AGENT, MarketClient
from vrm.client.patience import wished_pause
from vrm.documents import (
    Agreement,
    Category,
    CellRange,
    DemandBounds,
    FulfilmentRules,
    MailRules,
    MarketCurrency,
    MarketDescriptor,
    MemberRules,
    MessageRules,
    RatingRules,
    Schedule,
    StandingRules,
    TierRule,
    TokenRules,
    sign,
)
from vrm.errors import MarketMisbehaved, MarketRefused, MarketUnreachable, UsageError

URL = "https://market.test"
TEXT = b"Use it for this order only.\n"

Answer = Callable[[httpx.Request], httpx.Response]


def descriptor(key: crypto.SigningKey = KEY) -> bytes:
    """A market's signed rules."""
    body = MarketDescriptor(
        market=key.did,
        name="A market",
        currency=MarketCurrency(code="USD", digits=2),
        schedule=Schedule(
            time_zone="UTC",
            cutoffs=("18:00",),
            bids_close_minutes=60,
            minimum_open_minutes=0,
            batch_seconds=60,
            batch_minimum=1,
            acknowledge_minutes=1440,
            tick_minutes=15,
            roll_over_days=7,
        ),
        categories=(Category(id="other", title="Anything else"),),
        cells=CellRange(coarsest=4, finest=7),
        demand=DemandBounds(minimum=10, resolution=5),
        mail=MailRules(bucket_minimum=32, keep_days=30),
        messages=MessageRules(days=90, per_day=20, in_all=200),
        fulfilment=FulfilmentRules(disclose_hours=24, grace_hours=24, confirm_days=14),
        reputation=REPUTATION,
        ratings=RatingRules(answer_days=14, dispute_days=30, within_days=90),
        newcomers=NEWCOMERS,
        policies=("best-nearby",),
        terms=(
            Agreement(
                id="PDC-INTENT",
                title="Intent",
                digest=crypto.base64url_encode(hashlib.sha256(TEXT).digest()),
            ),
        ),
        admission="open",
        members=MemberRules(admission="open", sponsorships=3),
        tokens=TokenRules(
            epoch_days=7,
            grace_days=2,
            allotment={"new": 16},
            standing=StandingRules(
                window_epochs=26,
                crowd=20,
                known=TierRule(fulfilled=3, permille=300),
                trusted=TierRule(fulfilled=12, permille=600),
            ),
        ),
        seed_anchor="A" * 43,
        log="market.example/log+00000000+AAAA",
    )
    return sign(body, key).wire


class Stream(httpx.AsyncByteStream):
    """A body that comes from the network in small pieces, packed."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body), 4096):
            yield self._body[at : at + 4096]


class Script(httpx.AsyncBaseTransport):
    """A market that answers one call after the other, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(httpx.Request(request.method, request.url, headers=request.headers))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(
        status,
        json={"type": f"/problems/{code}", "title": "No", "status": status, "code": code,
              "detail": "Not so.", "field": "need.title"},
        headers={"content-type": "application/problem+json", **headers},
    )  # fmt: skip


def client_of(*answers: httpx.Response | Exception, **how: Any) -> tuple[MarketClient, Script]:
    script = Script(*answers)
    return MarketClient(URL, transport=script, **how), script


# --- identity ---


async def test_the_identity_is_learnt_once_and_kept() -> None:
    client, script = client_of(httpx.Response(200, content=descriptor()))
    async with client:
        assert (await client.descriptor()).name == "A market"
        await client.descriptor()
    assert client.market == KEY.did
    assert len(script.asked) == 1


async def test_a_market_that_changed_its_identity() -> None:
    client, _ = client_of(httpx.Response(200, content=descriptor(OTHER)), market=KEY.did)
    async with client:
        with pytest.raises(MarketMisbehaved, match="now calls itself"):
            await client.descriptor()
    assert client.market == KEY.did


async def test_a_descriptor_with_a_changed_byte() -> None:
    client, _ = client_of(httpx.Response(200, content=descriptor().replace(b"18:00", b"17:00")))
    async with client:
        with pytest.raises(MarketMisbehaved):
            await client.descriptor()


async def test_an_agreement_whose_text_was_exchanged() -> None:
    good, bad = httpx.Response(200, content=TEXT), httpx.Response(200, content=b"Do as you like.")
    client, _ = client_of(httpx.Response(200, content=descriptor()), good, bad)
    async with client:
        assert await client.terms("PDC-INTENT") == TEXT.decode()
        with pytest.raises(MarketMisbehaved):
            await client.terms("PDC-INTENT")
        with pytest.raises(UsageError):
            await client.terms("PDC-OTHER")


@pytest.mark.parametrize(
    "url",
    [
        "market.test",
        "ftp://market.test",
        "http://",
        "https://[::1",
        "https://market.test:port",
        "https://market.test:99999",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError):
        MarketClient(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:x@market.test",
        "https://@market.test",
        "https://market.test/t/alice",
        "https://market.test/?t=alice",
        "https://market.test?",
        "https://market.test/#alice",
        "https://market.test\n",
    ],
)
def test_an_address_that_tags_who_uses_it(url: str) -> None:
    with pytest.raises(UsageError, match="nothing more"):
        MarketClient(url)


@pytest.mark.parametrize(
    "url", ["http://market.test", "http://127.0.0.1.market.test", "http://evil.test:8000"]
)
def test_an_address_on_which_anybody_can_listen(url: str) -> None:
    with pytest.raises(UsageError, match="https://"):
        MarketClient(url)


@pytest.mark.parametrize(
    "url",
    ["https://market.test:8443/", "http://127.0.0.1:8000", "http://[::1]:8000", "http://a.onion"],
)
def test_addresses_of_a_market(url: str) -> None:
    assert MarketClient(url).url == url.rstrip("/")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9050", "gopher://127.0.0.1:70"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Better no word than one that goes out without the proxy."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(UsageError, match="proxy"):
        MarketClient("https://market.test").connection()


def test_a_market_on_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9050")
    assert MarketClient("http://127.0.0.1:8000").connection().trust_env is False


# --- refusals and failures ---


async def test_a_problem_document_becomes_a_refusal_with_its_code() -> None:
    client, script = client_of(problem(422, "too-fine"))
    async with client:
        with pytest.raises(MarketRefused) as caught:
            await client.get("/clock", msgspec.Raw)
    refusal = caught.value
    assert (refusal.code, refusal.status, refusal.field) == ("too-fine", 422, "need.title")
    assert str(refusal) == "Not so. (too-fine)"
    assert len(script.asked) == 1, "a refusal is final"


async def test_a_broken_connection_is_tried_again() -> None:
    client, script = client_of(
        httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.Response(200, json={"a": 1})
    )
    async with client:
        assert await client.get("/x", dict[str, int]) == {"a": 1}
    assert len(script.asked) == 3


async def test_patience_ends() -> None:
    client, script = client_of(*[httpx.ConnectError("no")] * 9, attempts=2)
    async with client:
        with pytest.raises(MarketUnreachable, match="does not answer: no"):
            await client.get("/x", msgspec.Raw)
    assert len(script.asked) == 2


async def test_a_busy_market_is_asked_again_when_it_said() -> None:
    busy = problem(503, "busy", **{"retry-after": "1"})
    client, script = client_of(busy, httpx.Response(200, json={}))
    begun = asyncio.get_running_loop().time()
    async with client:
        await client.get("/x", msgspec.Raw)
    assert asyncio.get_running_loop().time() - begun >= 1
    assert len(script.asked) == 2


def test_callers_who_were_told_the_same_do_not_come_back_together() -> None:
    waits = {wished_pause(problem(429, "too-many", **{"retry-after": "4"})) for _ in range(50)}
    assert len(waits) > 25
    assert all(4 <= wait <= 8 for wait in waits)


async def test_a_market_that_asks_to_wait_for_ever() -> None:
    client, script = client_of(problem(429, "too-many", **{"retry-after": "86400"}))
    async with client:
        with pytest.raises(MarketRefused):
            await client.get("/x", msgspec.Raw)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="<h1>oops</h1>"),
        httpx.Response(404, text="nginx"),
        httpx.Response(301, headers={"location": "http://elsewhere.test/"}),
        problem(500, "internal"),
    ],
)
async def test_what_is_no_market_at_all(answer: httpx.Response) -> None:
    client, _ = client_of(answer)
    async with client:
        with pytest.raises(MarketUnreachable):
            await client.get("/x", msgspec.Raw)


async def test_an_answer_of_another_shape() -> None:
    client, _ = client_of(httpx.Response(200, json={"now": 1}), httpx.Response(200, text="hello"))
    async with client:
        for _ in range(2):
            with pytest.raises(MarketMisbehaved):
                await client.clock()


async def test_a_clock_that_tells_more_than_the_time() -> None:
    told = dict.fromkeys(("now", "bids_close", "cutoff", "next_batch"), "2026-11-21T18:00:00Z")
    forged = told | {"day": "2026-11-21", "next_batch": "2026-11-21T18:00:00Z\x1b]0;pwned\x07"}
    client, _ = client_of(httpx.Response(200, json=forged))
    async with client:
        with pytest.raises(MarketMisbehaved):
            await client.clock()


async def test_an_answer_that_swells_when_unpacked() -> None:
    bomb = gzip.compress(b" " * 200_000_000)
    assert len(bomb) < 200_000
    answer = httpx.Response(200, stream=Stream(bomb), headers={"content-encoding": "gzip"})
    client, _ = client_of(answer)
    tracemalloc.start()
    try:
        async with client:
            with pytest.raises(MarketMisbehaved, match="larger than 32 MiB"):
                await client.clock()
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_ANSWER
    finally:
        tracemalloc.stop()


async def test_a_packed_answer_reads_as_it_was() -> None:
    answer = httpx.Response(
        200, stream=Stream(gzip.compress(b'{"a":1}')), headers={"content-encoding": "gzip"}
    )
    client, _ = client_of(answer)
    async with client:
        assert await client.get("/x", dict[str, int]) == {"a": 1}


# --- lists ---


async def test_a_list_is_walked_to_its_end() -> None:
    client, script = client_of(
        httpx.Response(200, json={"items": [1, 2], "next": "b"}),
        httpx.Response(200, json={"items": [3], "next": None}),
    )
    async with client:
        assert [item async for item in client.each("/list", int)] == [1, 2, 3]
    assert script.asked[1].url.params["cursor"] == "b"


async def test_a_list_that_goes_round_in_a_circle() -> None:
    pages = [httpx.Response(200, json={"items": [1], "next": at}) for at in ("a", "b", "a", "b")]
    client, _ = client_of(*pages)
    async with client:
        with pytest.raises(MarketMisbehaved, match="circle"):
            _ = [item async for item in client.each("/list", int)]


# --- what a call says about who makes it ---


async def test_a_cookie_that_would_follow_the_caller() -> None:
    client, script = client_of(
        httpx.Response(200, json={}, headers={"set-cookie": "id=7; Path=/"}),
        httpx.Response(200, json={}),
    )
    async with client:
        await client.get("/x", msgspec.Raw)
        await client.get("/x", msgspec.Raw)
    assert "cookie" not in script.asked[1].headers


async def test_an_entity_tag_that_would_follow_the_caller() -> None:
    client, script = client_of(
        httpx.Response(200, json={}, headers={"etag": '"made for you"'}),
        httpx.Response(200, json={}),
    )
    async with client:
        await client.get("/x", msgspec.Raw)
        await client.get("/x", msgspec.Raw)
    assert "if-none-match" not in script.asked[1].headers


async def test_headers_tell_nothing_of_the_machine() -> None:
    client, script = client_of(httpx.Response(200, json={}))
    async with client:
        await client.get("/x", msgspec.Raw)
    assert dict(script.asked[0].headers) == {
        "host": "market.test",
        "user-agent": USER_AGENT,
        "accept-encoding": "gzip",
        "accept": "application/json, application/problem+json",
        "connection": "keep-alive",
    }


async def test_a_signed_read_tried_again_has_a_fresh_nonce() -> None:
    client, script = client_of(httpx.ReadError("gone"), httpx.Response(200, json={}), key=KEY)
    async with client:
        await client.get("/board", msgspec.Raw, signed=True)
    first, second = (request.headers["signature-input"] for request in script.asked)
    assert first != second
