"""The customer's side: promises are checked, and no write travels beside anything else."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

import crypto
from crypto.tokens import Token
from tests.vrm.client.test_base import Script, descriptor
from tests.vrm.documents.samples import KEY, OTHER, a_request
from vrm.client.base import USER_AGENT
from vrm.client.customer import CustomerClient
from vrm.documents import Need, PersonalRequest, Promise, RequestWithdrawal, Signed, sign
from vrm.errors import MarketMisbehaved, UsageError

REQUEST = sign(a_request(), KEY)
TOKEN = Token(bytes(32), bytes(32), bytes(32), bytes(64))


def promise(key: crypto.SigningKey = KEY, **changes: str) -> bytes:
    """A market's promise to publish `REQUEST`."""
    members = {"document": REQUEST.digest, "document_type": "PersonalRequest", **changes}
    body = Promise(market=key.did, publish_by="2026-11-21T18:00:00Z", **members)  # type: ignore[arg-type]
    return sign(body, key).wire


async def submit(answer: bytes, request: Signed[PersonalRequest] = REQUEST) -> Signed[Promise]:
    script = Script(httpx.Response(200, content=descriptor()), httpx.Response(202, content=answer))
    async with CustomerClient("https://market.test", transport=script) as client:
        return await client.submit(request, TOKEN)


async def test_a_promise_is_handed_over() -> None:
    assert (await submit(promise())).body.publish_by == "2026-11-21T18:00:00Z"


@pytest.mark.parametrize(
    "answer",
    [
        promise(OTHER),
        promise(document=sign(a_request(policy="nearest"), KEY).digest),
        promise(document_type="RequestWithdrawal"),
        promise().replace(b"2026-11-21", b"2026-12-21"),
        REQUEST.wire,
        b"{}",
    ],
    ids=["another key", "another document", "another type", "changed", "no promise", "empty"],
)
async def test_a_promise_that_binds_nobody(answer: bytes) -> None:
    with pytest.raises(MarketMisbehaved):
        await submit(answer)


async def test_a_request_meant_for_another_market_is_not_sent() -> None:
    with pytest.raises(UsageError):
        await submit(promise(), sign(a_request(market=OTHER.did), KEY))


async def test_each_write_has_a_connection_of_its_own() -> None:
    """What shares a connection has one author."""
    other = crypto.SigningKey.from_seed(b"p" * 32)
    need = Need(title="T" * 120, category="baby", text="x" * 2000)
    second = sign(a_request(pseudonym=other.did, need=need), other)
    withdrawal = sign(
        RequestWithdrawal(market=KEY.did, pseudonym=KEY.did, request=REQUEST.digest), KEY
    )
    async with (
        recording(
            {
                "/.well-known/vrm-market": [descriptor()],
                "/requests": [promise(), promise(document=second.digest)],
                "/request-withdrawals": [
                    promise(document=withdrawal.digest, document_type="RequestWithdrawal")
                ],
            }
        ) as (url, calls),
        CustomerClient(url) as client,
    ):
        await client.submit(REQUEST, TOKEN)
        await client.submit(second, TOKEN)
        await client.withdraw(withdrawal)
    assert [path for _, path, _ in calls] == [
        "/.well-known/vrm-market", "/requests", "/requests", "/request-withdrawals",
    ]  # fmt: skip
    assert len({connection for connection, _, _ in calls}) == len(calls)
    writes = [head for _, path, head in calls if path == "/requests"]
    assert writes[0] == writes[1], "two customers' heads are alike to the byte"
    sizes = [re.findall(r"content-length: \d+", head) for _, _, head in calls[1:]]
    assert sizes == [["content-length: 8192"]] * 3, "one size, whatever is said"
    assert f"user-agent: {USER_AGENT}" in writes[0]
    assert "signature" not in writes[0]


@asynccontextmanager
async def recording(
    answers: dict[str, list[bytes]],
) -> AsyncIterator[tuple[str, list[tuple[int, str, str]]]]:
    """A bare HTTP server on loopback that notes, for each call, connection, path and head."""
    calls: list[tuple[int, str, str]] = []
    opened = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        connection = opened
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                path = head.split(" ", 2)[1]
                if "content-length: " in head:
                    size = int(head.partition("content-length: ")[2].split("\r\n")[0])
                    await reader.readexactly(size)
                calls.append((connection, path, head))
                body = answers[path].pop(0)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", calls
