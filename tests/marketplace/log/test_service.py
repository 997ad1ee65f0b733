"""The log by its public surface: growing, proving, and what a crash leaves."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from crypto import checkpoint, merkle
from crypto.checkpoint import Checkpoint
from crypto.note import Verifier
from crypto.tiles import ENTRIES, WIDTH, Tile, node_of, tiles_of, unbundle
from marketplace.log import service
from tests.support.market import ClockedMarket, problem


def documents(count: int, start: int = 0) -> list[str]:
    numbers = range(start, start + count)
    return [crypto.base64url_encode(hashlib.sha256(str(n).encode()).digest()) for n in numbers]


async def put(market: ClockedMarket, digests: Sequence[str]) -> None:
    async with market.market.db.unit_of_work() as connection:
        await service.put(connection, digests)


async def logged(market: ClockedMarket, digests: Sequence[str]) -> Checkpoint:
    """Have documents logged; answers the checkpoint as a verifier reads it."""
    await put(market, digests)
    await service.grow(market.market)
    return await newest(market)


class Died(Exception):
    """The process ended before the commit."""


@asynccontextmanager
async def rolled_back(market: ClockedMarket) -> AsyncIterator[AsyncConnection]:
    with contextlib.suppress(Died):
        async with market.market.db.unit_of_work() as connection:
            yield connection
            raise Died


async def newest(market: ClockedMarket) -> Checkpoint:
    answer = await market.http.get("/log/checkpoint")
    assert answer.headers["content-type"].startswith("text/plain")
    return checkpoint.verify(answer.text, Verifier.parse(market.rules.log))[0]


async def fetch(market: ClockedMarket, tile: Tile) -> httpx.Response:
    return await market.http.get(f"/log/{tile.path}")


async def test_an_empty_log(market: ClockedMarket) -> None:
    assert problem(await market.http.get("/log/checkpoint")) == (404, "empty-log")
    assert not await service.anything_waits(market.market)


async def test_a_leaf_is_a_document_s_digest(market: ClockedMarket) -> None:
    (one,) = documents(1)
    assert await logged(market, [one]) == Checkpoint(
        f"{market.did}/log", 1, merkle.leaf_hash(crypto.base64url_decode(one))
    )


async def test_the_tree_can_be_computed_from_the_files_alone(market: ClockedMarket) -> None:
    """Nothing but the checkpoint and the files that it implies, as from a static host."""
    held: list[bytes] = []
    for count, start in ((1, 0), (300, 1), (1, 301), (700, 302)):
        known = documents(count, start)
        head = await logged(market, known)
        held += [crypto.base64url_decode(digest) for digest in sorted(known)]
        assert head.size == len(held)
        assert head.root == merkle.Tree(map(merkle.leaf_hash, held)).root()
    tiles = {tile: (await fetch(market, tile)).content for tile in tiles_of(head.size)}
    entries = [
        entry for tile, raw in tiles.items() if tile.level == ENTRIES for entry in unbundle(raw)
    ]
    assert entries == held
    hashes = {(tile.level, tile.number): raw for tile, raw in tiles.items()}
    assert merkle.root(head.size, node_of(lambda *at: hashes[at])) == head.root


@pytest.mark.on_postgresql
async def test_a_tile_s_path_never_means_something_else(market: ClockedMarket) -> None:
    await logged(market, documents(10))
    partial = Tile(0, 0, 10)
    first = await fetch(market, partial)
    assert "immutable" in first.headers["cache-control"]
    await logged(market, documents(500, 10))
    assert (await fetch(market, partial)).content == first.content
    assert (await fetch(market, Tile(0, 0))).content[: 10 * 32] == first.content


async def test_asking_for_what_the_log_has_not(market: ClockedMarket) -> None:
    await logged(market, documents(10))
    for tile in (Tile(0, 0, 11), Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1), Tile(ENTRIES, 0, 11)):
        assert problem(await fetch(market, tile)) == (404, "unknown-tile"), tile
    for path in ("tile/0/0", "tile/0/../../runs", "tile/9/000", "tile/0/000.p/0"):
        answer = await market.http.get(f"/log/{path}")
        assert answer.status_code == 404, path
    (stranger,) = documents(1, 99)
    assert problem(await market.http.get(f"/log/inclusion/{stranger}")) == (404, "not-logged")
    view = await market.get("/log/inclusion", document=[stranger, documents(1)[0]], size=4)
    assert view["indices"][0] is None
    for asked in ([], [stranger] * 101, ["ä"]):
        answer = await market.http.get("/log/inclusion", params={"document": asked})
        assert problem(answer) == (400, "invalid-parameter"), len(asked)
    for path in ("consistency/11", "consistency/5?size=4", "consistency/5?size=11"):
        assert problem(await market.http.get(f"/log/{path}")) == (404, "unknown-size"), path


@pytest.mark.on_postgresql
async def test_proofs_hold_for_every_size(market: ClockedMarket) -> None:
    sizes: dict[int, Checkpoint] = {}
    for size in (3, 256, 257, 600):
        sizes[size] = await logged(market, documents(size)[max(sizes, default=0) :])
    document = documents(1)[0]
    for size, head in sizes.items():
        view = await market.get(f"/log/inclusion/{document}", size=size)
        proof = [bytes.fromhex(part) for part in view["proof"]]
        leaf = merkle.leaf_hash(crypto.base64url_decode(document))
        merkle.verify_inclusion(leaf, view["index"], size, proof, head.root)
        for old, before in sizes.items():
            if old <= size:
                view = await market.get(f"/log/consistency/{old}", size=size)
                proof = [bytes.fromhex(part) for part in view["proof"]]
                checkpoint.verify_growth(before, head, proof)


async def test_a_document_that_was_logged_before(market: ClockedMarket) -> None:
    await logged(market, documents(5))
    assert (await logged(market, documents(5))).size == 5
    assert (await logged(market, documents(7))).size == 7
    assert not await service.anything_waits(market.market)


async def test_what_is_not_committed_is_not_logged(market: ClockedMarket) -> None:
    async with rolled_back(market) as connection:
        await service.put(connection, documents(1))
    assert await service.grow(market.market) == 0


async def test_a_writer_that_dies_between_tiles_and_checkpoint(market: ClockedMarket) -> None:
    head = await logged(market, documents(300))
    await put(market, documents(300, 300))
    async with rolled_back(market) as connection:
        assert await service.append_chunk(market.market, connection) == 300
    assert await newest(market) == head
    assert problem(await fetch(market, Tile(0, 1))) == (404, "unknown-tile")
    await service.grow(market.market)
    assert (await newest(market)).size == 600


@pytest.mark.on_postgresql
async def test_writers_that_race(market: ClockedMarket) -> None:
    """Each appends what it finds waiting; the log is one line of leaves all the same."""

    async def write(start: int) -> None:
        await put(market, documents(40, start))
        await service.grow(market.market)

    await asyncio.gather(*(write(40 * n) for n in range(8)))
    await service.grow(market.market)
    head = await newest(market)
    assert head.size == 320
    bundles = [tile for tile in tiles_of(320) if tile.level == ENTRIES]
    entries = [entry for tile in bundles for entry in unbundle((await fetch(market, tile)).content)]
    assert {crypto.base64url_encode(entry) for entry in entries} == set(documents(320))
    assert head.root == merkle.Tree(map(merkle.leaf_hash, entries)).root()
    assert len(bundles) == 320 // WIDTH + 1
