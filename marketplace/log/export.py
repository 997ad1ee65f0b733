"""The log as plain files in the paths of C2SP tlog-tiles, so that any static host can serve it.

Every file but ``checkpoint`` never changes. They are written before it, each under another name first and then
renamed, so that a folder always shows a whole tree: that of its checkpoint. What is left of an export that was
cut off is as true as the rest, and the next one goes on from there.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from crypto.checkpoint import Checkpoint
from crypto.errors import LogError
from crypto.tiles import Tile, tiles_of
from marketplace.db import Database
from marketplace.errors import MarketError
from marketplace.log import repository
from marketplace.log.service import read_tile

CHECKPOINT: Final = "checkpoint"
BLOCK: Final = 256
"""Files that are read from one state of the database."""

Wrote = Callable[[str], None]
"""Told the path of each file as it is there."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What an export came to."""

    size: int
    """Leaves in the folder's tree."""
    since: int
    """Leaves that it had before."""
    files: int
    """Files that were written, the checkpoint among them."""


def pass_by(_path: str) -> None:
    """Take no notice."""


async def export(db: Database, folder: Path, wrote: Wrote = pass_by) -> Exported:
    """Bring a folder up to the newest checkpoint; only what is new is written.

    Raises:
        MarketError: the log is empty, or the folder holds another log or more of this one.
    """
    async with db.snapshot() as connection:
        newest = await repository.newest_checkpoint(connection)
        if newest is None:
            raise MarketError("The log is empty.")
        shown = _shown(folder)
        since = 0 if shown is None else _size(shown)
        published = (await repository.notes(connection, [since])).get(since)
    if shown is not None and shown != published:
        raise MarketError(f"{folder} holds another log than this market's, or a longer one.")
    files = 0
    new = [tile for tile in tiles_of(newest.size, since) if not (folder / tile.path).exists()]
    for at in range(0, len(new), BLOCK):
        for tile, content in await _read(db, new[at : at + BLOCK]):
            _write(folder / tile.path, content)
            wrote(tile.path)
            files += 1
    if shown != newest.note:
        _write(folder / CHECKPOINT, newest.note.encode())
        wrote(CHECKPOINT)
        files += 1
    return Exported(size=newest.size, since=since, files=files)


async def _read(db: Database, tiles: Sequence[Tile]) -> list[tuple[Tile, bytes]]:
    found: list[tuple[Tile, bytes]] = []
    async with db.snapshot() as connection:
        for tile in tiles:
            content = await read_tile(connection, tile)
            if content is None:
                raise MarketError(f"The log's own {tile.path} is missing.")
            found.append((tile, content))
    return found


def _shown(folder: Path) -> str | None:
    try:
        return (folder / CHECKPOINT).read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise MarketError(f"{folder / CHECKPOINT} is no checkpoint.") from None


def _size(note: str) -> int:
    try:
        return Checkpoint.parse(note.partition("\n\n")[0] + "\n").size
    except LogError as error:
        raise MarketError(f"The folder's checkpoint: {error}") from None


def _write(path: Path, content: bytes) -> None:
    """Put a file there as a whole, for all to read."""
    for folder in [one for one in (path.parent, *path.parent.parents) if not one.exists()][::-1]:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    unready = path.with_name(f".{path.name}.new")
    with unready.open("wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unready.replace(path)
