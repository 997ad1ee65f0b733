"""Readers of the log against a market that tells the truth, and against ones that do not."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

import crypto
from crypto import merkle
from crypto.checkpoint import Checkpoint
from crypto.tiles import WIDTH
from marketplace.log import service
from tests.support.market import ClockedMarket
from vrm.client.base import MarketClient
from vrm.client.log import LogReader
from vrm.errors import LogFault

Tamper = Callable[[str, bytes], bytes]


def documents(count: int, start: int = 0) -> list[str]:
    numbers = range(start, start + count)
    return [crypto.base64url_encode(hashlib.sha256(str(n).encode()).digest()) for n in numbers]


async def grow(market: ClockedMarket, count: int, start: int = 0) -> list[str]:
    """Log some documents; answers them in the order that they have there."""
    async with market.market.db.unit_of_work() as connection:
        await service.put(connection, documents(count, start))
    await service.grow(market.market)
    return sorted(documents(count, start))


class Between(httpx.AsyncBaseTransport):
    """The market's own answers, changed on their way."""

    def __init__(self, market: ClockedMarket) -> None:
        self._market = market
        self.asked: list[str] = []
        self.tamper: Tamper = lambda _path, body: body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.asked.append(path)
        answer = await self._market.http.get(path)
        body = self.tamper(path, answer.content) if answer.is_success else answer.content
        return httpx.Response(
            answer.status_code,
            headers={"content-type": answer.headers["content-type"]},
            content=body,
        )


@pytest.fixture
def between(market: ClockedMarket) -> Between:
    return Between(market)


@pytest.fixture
async def reader(between: Between) -> AsyncIterator[LogReader]:
    async with MarketClient("https://market.test", transport=between, attempts=1) as client:
        yield LogReader(client)


def fault(caught: pytest.ExceptionInfo[LogFault]) -> str:
    return caught.value.code


async def test_a_head_grows_out_of_the_one_before(market: ClockedMarket, reader: LogReader) -> None:
    await grow(market, 3)
    first = await reader.head()
    assert (await reader.head(first.note)).note == first.note
    await grow(market, 600, 3)
    second = await reader.head(first.note)
    assert (first.size, second.size) == (3, 603)


@pytest.mark.on_postgresql
async def test_a_document_is_found_by_its_digest_and_by_the_files(
    market: ClockedMarket, reader: LogReader, between: Between
) -> None:
    held = [*(await grow(market, 300)), *(await grow(market, 400, 300))]
    head = await reader.head()
    assert await reader.find(held[299], head) == 299
    between.asked.clear()
    assert await reader.read([(299, 2), (600, 100)], head) == [held[299:301], held[600:]]
    assert not [path for path in between.asked if any(digest in path for digest in held)]
    assert len(between.asked) < 12, "each file is read once"


@pytest.mark.on_postgresql
async def test_a_log_that_was_rolled_back(market: ClockedMarket, reader: LogReader) -> None:
    await grow(market, 10)
    before = await reader.head()
    await grow(market, 10, 10)
    after = await reader.head(before.note)
    await market.execute("DELETE FROM log_checkpoints WHERE size > 10")
    with pytest.raises(LogFault) as caught:
        await reader.head(after.note)
    assert fault(caught) == "rollback"
    assert caught.value.notes == (after.note, before.note)


async def test_two_checkpoints_of_one_size(market: ClockedMarket, reader: LogReader) -> None:
    await grow(market, 10)
    honest = await reader.head()
    other = Checkpoint(honest.checkpoint.origin, 10, hashlib.sha256(b"another day").digest())
    with pytest.raises(LogFault) as caught:
        await reader.head(other.sign(market.market.identity.log_key))
    assert fault(caught) == "fork"


@pytest.mark.on_postgresql
async def test_another_history_behind_a_larger_log(
    market: ClockedMarket, reader: LogReader
) -> None:
    await grow(market, 20)
    other = merkle.Tree(merkle.leaf_hash(bytes(32)) for _ in range(10))
    kept = Checkpoint(market.market.identity.log.name, 10, other.root())
    with pytest.raises(LogFault) as caught:
        await reader.head(kept.sign(market.market.identity.log_key))
    assert fault(caught) == "consistency"


async def test_a_head_by_another_key(
    market: ClockedMarket, reader: LogReader, between: Between
) -> None:
    await grow(market, 5)
    head = await reader.head()
    forged = head.checkpoint.sign(market.market.identity.key)
    between.tamper = lambda path, body: forged.encode() if path == "/log/checkpoint" else body
    with pytest.raises(LogFault) as caught:
        await reader.head()
    assert fault(caught) == "unsigned"


@pytest.mark.parametrize("body", [b"", b"\xff", b"a note\n", b"\xe2\x80\x94 x AAAA\n"])
async def test_a_head_that_is_none(
    market: ClockedMarket, reader: LogReader, between: Between, body: bytes
) -> None:
    between.tamper = lambda path, true: body if path == "/log/checkpoint" else true
    await grow(market, 5)
    with pytest.raises(LogFault):
        await reader.head()


async def test_a_document_that_is_not_logged(market: ClockedMarket, reader: LogReader) -> None:
    held = await grow(market, 5)
    head = await reader.head()
    (stranger,) = documents(1, 99)
    with pytest.raises(LogFault) as caught:
        await reader.find(stranger, head)
    assert fault(caught) == "missing"
    assert await reader.read([(0, 5)], head) == [held]
    for spans in ([(0, 6)], [(5, 1)], [(WIDTH, 1)], [(1, 2), (2, 1)], [(3, 1), (1, 1)]):
        with pytest.raises(LogFault) as caught:
            await reader.read(spans, head)
        assert fault(caught) == "range"


async def test_a_proof_for_something_else(
    market: ClockedMarket, reader: LogReader, between: Between
) -> None:
    held = await grow(market, 9)
    head = await reader.head()
    changes: list[dict[str, object]] = [{"index": 4}, {"proof": []}, {"proof": ["00" * 32] * 4}]
    for change in changes:
        between.tamper = lambda _path, body, change=change: json.dumps(  # type: ignore[misc]
            json.loads(body) | change
        ).encode()
        with pytest.raises(LogFault) as caught:
            await reader.find(held[3], head)
        assert fault(caught) == "inclusion"


async def test_many_documents_with_one_proof(
    market: ClockedMarket, reader: LogReader, between: Between
) -> None:
    held = await grow(market, 600)
    head = await reader.head()
    later = await grow(market, 1, 600)
    asked = [*documents(1, 900), *held[::3], *later]
    between.asked.clear()
    assert await reader.find_together(asked, head) == {held[at]: at for at in range(0, 600, 3)}
    assert len(between.asked) == 3, "a hundred to a call"
    assert await reader.find_together([], head) == {}


async def test_one_proof_for_many_that_is_of_something_else(
    market: ClockedMarket, reader: LogReader, between: Between
) -> None:
    held = await grow(market, 9)
    head = await reader.head()
    changes: list[dict[str, object]] = [
        {"indices": [2, 3]},
        {"indices": [3, 3]},
        {"indices": [None, 4]},
        {"indices": [4, 90]},
        {"indices": [4]},
        {"proof": []},
        {"proof": ["00" * 32] * 4},
    ]
    for change in changes:
        between.tamper = lambda _path, body, change=change: json.dumps(  # type: ignore[misc]
            json.loads(body) | change
        ).encode()
        with pytest.raises(LogFault) as caught:
            await reader.find_together([held[3], held[4]], head)
        assert fault(caught) == "inclusion", change


async def test_files_that_were_changed(
    market: ClockedMarket, reader: LogReader, between: Between
) -> None:
    """A leaf, a hash and a length: none passes for the signed tree."""
    await grow(market, 300)
    head = await reader.head()

    def flipped(body: bytes) -> bytes:
        return bytes([body[0] ^ 1]) + body[1:]

    for part, change, code in (
        ("tile/0/000", lambda body: body[:32] + flipped(body[32:]), "inclusion"),
        ("tile/0/000", lambda body: body[:32], "tile"),
        ("tile/entries/000", lambda body: body[:-1], "bundle"),
        ("tile/entries/000", lambda body: body[:-34], "inclusion"),
        ("tile/entries/001.p/44", lambda _body: b"", "bundle"),
        ("tile/entries/000", lambda body: body[:2] + flipped(body[2:]), "inclusion"),
    ):
        between.tamper = lambda path, body, part=part, change=change: (  # type: ignore[misc]
            change(body) if path == f"/log/{part}" else body
        )
        with pytest.raises(LogFault) as caught:
            await reader.read([(0, 1), (254, 3)], head)
        assert fault(caught) == code, part
        assert caught.value.notes == (head.note,)
