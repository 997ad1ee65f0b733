"""The log as a folder of plain files: what a static host would serve, and what a crash leaves of it."""

from pathlib import Path

import httpx
import pytest

from crypto import checkpoint, merkle
from crypto.checkpoint import Checkpoint
from crypto.note import Verifier
from crypto.tiles import ENTRIES, node_of, tiles_of, unbundle
from marketplace.errors import MarketError
from marketplace.log.export import export
from tests.marketplace.log.test_service import documents, logged
from tests.support.market import ClockedMarket
from vrm.client.base import MarketClient
from vrm.client.log import LogReader


class StaticHost(httpx.AsyncBaseTransport):
    """Serves a folder as the log; the market itself has only its descriptor."""

    def __init__(self, market: ClockedMarket, folder: Path) -> None:
        self._descriptor, self._folder = market.market.descriptor.wire, folder

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/.well-known/vrm-market":
            headers = {"content-type": "application/json"}
            return httpx.Response(200, headers=headers, content=self._descriptor)
        file = self._folder / path.removeprefix("/log/")
        if not file.is_file():
            return httpx.Response(404)
        return httpx.Response(200, content=file.read_bytes())


async def read_back(market: ClockedMarket, folder: Path) -> Checkpoint:
    """Check the folder's tree against its checkpoint from its files alone; answers the checkpoint."""
    note = (folder / "checkpoint").read_text()
    head = checkpoint.verify(note, Verifier.parse(market.rules.log))[0]
    files = {tile: (folder / tile.path).read_bytes() for tile in tiles_of(head.size)}
    hashes = {(tile.level, tile.number): raw for tile, raw in files.items()}
    assert merkle.root(head.size, node_of(lambda *at: hashes[at])) == head.root
    held = [
        entry for tile, raw in files.items() if tile.level == ENTRIES for entry in unbundle(raw)
    ]
    assert merkle.Tree(map(merkle.leaf_hash, held)).root() == head.root
    return head


def listed(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All files, with when each was written."""
    return {
        str(file.relative_to(folder)): (file.stat().st_mtime_ns, file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.on_postgresql
async def test_a_static_host_is_enough_for_a_reader(market: ClockedMarket, tmp_path: Path) -> None:
    await logged(market, documents(700))
    done = await export(market.market.db, tmp_path / "www")
    assert (done.size, done.since, done.files) == (700, 0, len(listed(tmp_path / "www")))
    assert await read_back(market, tmp_path / "www") == await logged(market, [])
    host = StaticHost(market, tmp_path / "www")
    async with MarketClient("https://market.test", transport=host, attempts=1) as client:
        reader = LogReader(client)
        head = await reader.head()
        assert await reader.read([(250, 300)], head) == [sorted(documents(700))[250:550]]


async def test_a_second_export_writes_only_what_is_new(
    market: ClockedMarket, tmp_path: Path
) -> None:
    await logged(market, documents(600))
    await export(market.market.db, tmp_path)
    before = listed(tmp_path)
    assert (await export(market.market.db, tmp_path)).files == 0
    assert listed(tmp_path) == before
    await logged(market, documents(300, 600))
    done = await export(market.market.db, tmp_path)
    after = listed(tmp_path)
    assert (done.since, done.size) == (600, 900)
    assert done.files == len(after) - len(before) + 1
    changed = {path for path in before if after[path] != before[path]}
    assert changed == {"checkpoint"}, "all else never changes"
    assert (await read_back(market, tmp_path)).size == 900


class Died(Exception):
    """The process ended there."""


@pytest.mark.on_postgresql
@pytest.mark.parametrize("files", [1, 3, 8])
async def test_an_export_that_dies_leaves_the_older_tree(
    market: ClockedMarket, tmp_path: Path, files: int
) -> None:
    await logged(market, documents(600))
    await export(market.market.db, tmp_path)
    await logged(market, documents(900, 600))
    left = files

    def die(_path: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Died

    with pytest.raises(Died):
        await export(market.market.db, tmp_path, die)
    assert (await read_back(market, tmp_path)).size == 600
    done = await export(market.market.db, tmp_path)
    assert (await read_back(market, tmp_path)).size == 1500
    assert done.files + files == len([*tiles_of(1500, 600)]) + 1, "it goes on from there"


async def test_a_file_that_was_cut_off_is_none(market: ClockedMarket, tmp_path: Path) -> None:
    await logged(market, documents(5))
    torn = tmp_path / "tile" / "0" / ".000.p" / ".5.new"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"half of")
    await export(market.market.db, tmp_path)
    assert (await read_back(market, tmp_path)).size == 5


async def test_a_folder_that_holds_another_log_or_a_longer_one(
    market: ClockedMarket, tmp_path: Path
) -> None:
    """A market that was restored from an older copy must not write over what it has shown."""
    with pytest.raises(MarketError, match="empty"):
        await export(market.market.db, tmp_path)
    await logged(market, documents(5))
    await export(market.market.db, tmp_path)
    before = listed(tmp_path)
    await market.reset()
    for foreign in (documents(3), documents(9, 90)):
        await logged(market, foreign)
        with pytest.raises(MarketError, match="another log"):
            await export(market.market.db, tmp_path)
    assert listed(tmp_path) == before
    (tmp_path / "checkpoint").write_bytes(b"\xff")
    with pytest.raises(MarketError, match="no checkpoint"):
        await export(market.market.db, tmp_path)


async def test_everybody_may_read_the_files(market: ClockedMarket, tmp_path: Path) -> None:
    await logged(market, documents(5))
    await export(market.market.db, tmp_path / "a" / "log")
    for path in (tmp_path / "a").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path
