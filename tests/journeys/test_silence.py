"""What a market's process leaves behind of anonymous calls: nothing but the documents that became public."""

import asyncio
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from crypto.encoding import base64url_decode
from marketplace.identity import Identity
from marketplace.market import Market
from marketplace.settings import load_settings
from tests.support import a_key, a_preference, a_request, a_withdrawal
from tests.support.processes import (
    PASSPHRASE,
    PATIENCE,
    Program,
    await_ready,
    free_port,
    new_home,
    program,
    script,
)
from tests.support.tokens import spending
from vrm import keyfile

CALLER = {
    "User-Agent": "Distinctive/7 (an unusual machine)",
    "X-Forwarded-For": "203.0.113.77",
    "X-Real-IP": "203.0.113.78",
    "Forwarded": "for=203.0.113.79",
    "Cookie": "session=distinctive-cookie",
    "X-Request-Id": "distinctive-call",
}


@dataclass(frozen=True)
class Scene:
    """A market in a process of its own, seen from outside and, for tokens, from inside."""

    http: httpx.AsyncClient
    market: Market

    async def post(self, path: str, wire: bytes, **headers: str) -> httpx.Response:
        sent = {**CALLER, "Content-Type": "application/json", **headers}
        return await self.http.post(path, content=wire, headers=sent)

    async def batch_of(self, digest: str) -> bool:
        page = (await self.http.get("/batches", headers=CALLER)).json()
        return any(digest in batch["requests"] for batch in page["items"])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


@pytest.fixture
def served(home: Path, tmp_path: Path) -> Iterator[tuple[str, Program]]:
    port = free_port()
    environment = {
        "VRM_MARKET_HOME": str(home),
        "VRM_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
    }
    serve = [script("market"), "serve", "--port", str(port)]
    with program(tmp_path / "serve.log", *serve, environment=environment) as server:
        await_ready(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}", server


@pytest.mark.long
async def test_nothing_of_an_anonymous_call_is_left_behind(
    home: Path, served: tuple[str, Program], tmp_path: Path
) -> None:
    url, server = served
    secret = keyfile.load(home / "market.key", PASSPHRASE)
    market = Market.open(load_settings(home), Identity.from_secret(secret))
    async with httpx.AsyncClient(base_url=url) as http:
        marks, published = await anonymous_calls(Scene(http, market))
    await market.db.dispose()

    async def is_forgotten() -> bool:  # a moment after the publication
        return not found_in(files(home), marks)

    await eventually(is_forgotten)
    backup = tmp_path / "backup.db"
    with sqlite3.connect(home / "market.db") as source, sqlite3.connect(backup) as copy:
        source.backup(copy)
    server.stop()
    left = [*files(home), backup, tmp_path / "serve.log"]
    assert found_in(left, marks) == {}
    assert "/requests" not in server.said
    control = {"a published request": published.encode()}
    assert found_in([backup], control), "what is looked for is found where it is"


async def anonymous_calls(scene: Scene) -> tuple[dict[str, bytes], str]:
    """Make calls of every kind; answers what of them must be found nowhere, by name, and a digest that may."""
    market, pseudonym, refused = scene.market, a_key(), a_key()
    request = a_request(market, pseudonym)
    unwanted = a_request(
        market, refused, need={"title": "A distinctive wish", "category": "weapons"}
    )
    token = await spending(market, pseudonym.did)
    other = await spending(market, refused.did)
    assert (await scene.post("/requests", request.wire, **token)).status_code == 202
    assert (await scene.post("/requests", unwanted.wire, **other)).is_client_error
    assert (await scene.post("/requests", b'{"distinctive":', **other)).is_client_error
    await eventually(lambda: scene.batch_of(request.digest))
    old, new = (a_preference(market, pseudonym, request, seq=seq) for seq in (1, 2))
    for preference in (old, new):
        assert (await scene.post("/preferences", preference.wire)).status_code == 202
    back = a_withdrawal(market, pseudonym, request.digest)
    assert (await scene.post("/request-withdrawals", back.wire)).status_code == 202
    await eventually(lambda: nothing_waits(market))
    for path in ("/mail", "/crowds", "/clock", "/nowhere"):
        await scene.http.get(path, headers=CALLER)
    marks = {name: value.encode() for name, value in CALLER.items() if name != "Forwarded"}
    for name, spent in (("spent token", token), ("refused token", other)):
        [text] = re.findall(r'token="?([A-Za-z0-9_-]{100,})', spent["Authorization"])
        raw = base64url_decode(text)
        marks |= {name: text.encode(), f"{name}, its end": text[-40:].encode()}
        marks |= {f"{name}, its authenticator": raw[-64:]}
    marks |= {
        "forwarded for": b"203.0.113.79",
        "refused pseudonym": refused.did.encode(),
        "refused wish": b"A distinctive wish",
        "refused digest": unwanted.digest.encode(),
        "malformed body": b'"distinctive"',
        "overtaken order": old.body.salt.encode(),
    }
    return marks, request.digest


async def nothing_waits(market: Market) -> bool:
    async with market.db.snapshot() as connection:
        found = await connection.exec_driver_sql("SELECT count(*) FROM pending")
        return int(found.scalar_one()) == 0


def files(home: Path) -> list[Path]:
    return list(home.rglob("*"))


def found_in(among: list[Path], marks: dict[str, bytes]) -> dict[str, list[str]]:
    """Which marks are in which files."""
    contents = {file.name: file.read_bytes() for file in among if file.is_file()}
    found = {
        mark: [name for name, content in contents.items() if value in content]
        for mark, value in marks.items()
    }
    return {mark: names for mark, names in found.items() if names}


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
