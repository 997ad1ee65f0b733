"""Every query about the log."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, delete, func, insert, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from crypto.tiles import HEIGHT, MAX_LEVEL, Border, Tile
from marketplace.db import AnyRow, insert_all_new, insert_found_new, insert_new
from marketplace.models.log import KeptDocument, LogCheckpoint, LogLeaf, LogTile, LogWaiting
from marketplace.models.moderation import StoredModeration

BLOCK = 1000
_LOCK = 2_204_2026


async def add_waiting(connection: AsyncConnection, digests: Iterable[str]) -> None:
    """Let digests wait, in their order, unless they wait already."""
    await insert_all_new(connection, LogWaiting, [{"digest": digest} for digest in sorted(digests)])


async def add_waiting_found(connection: AsyncConnection, digests: Select[tuple[str]]) -> None:
    """Let the digests that a query finds wait, unless they wait already."""
    await insert_found_new(connection, LogWaiting, ["digest"], digests)


async def keep(
    connection: AsyncConnection, kind: str, party: str, digest: str, wire: bytes
) -> bool:
    """Keep a document; tell whether it was not kept yet."""
    row = {"digest": digest, "type": kind, "party": party, "wire": wire}
    return await insert_new(connection, KeptDocument, row)


async def kept(connection: AsyncConnection, digest: str) -> bytes | None:
    """A kept document."""
    query = select(KeptDocument.wire).where(KeptDocument.digest == digest)
    return (await connection.execute(query)).scalar_one_or_none()


async def hidden_by(connection: AsyncConnection, digest: str) -> bytes | None:
    """The decision by which a document is hidden, if it is."""
    query = select(StoredModeration.wire).where(
        StoredModeration.document == digest, StoredModeration.hidden.is_(True)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def anything_waits(connection: AsyncConnection) -> bool:
    """Tell whether a digest waits."""
    return (await connection.execute(select(LogWaiting.digest).limit(1))).first() is not None


async def take_waiting(connection: AsyncConnection, limit: int) -> list[str]:
    """Take the first digests that wait, in their order."""
    query = select(LogWaiting.digest).order_by(LogWaiting.digest).limit(limit)
    taken = list((await connection.execute(query)).scalars())
    if taken:
        # All between the first and the last: others may have come, and are taken with them.
        first_to_last = (LogWaiting.digest >= taken[0], LogWaiting.digest <= taken[-1])
        gone = await connection.execute(
            delete(LogWaiting).where(*first_to_last).returning(LogWaiting.digest)
        )
        taken = sorted(gone.scalars())
    return taken


async def be_the_writer(connection: AsyncConnection) -> None:
    """Keep every other writer of the log waiting until this transaction ends; SQLite has one anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


async def size(connection: AsyncConnection) -> int:
    """The number of leaves."""
    newest = select(func.coalesce(func.max(LogLeaf.number) + literal(1), 0))
    return int((await connection.execute(newest)).scalar_one())


async def numbers(connection: AsyncConnection, digests: Sequence[str]) -> dict[str, int]:
    """Where documents stand in the log, of those that it holds."""
    found: dict[str, int] = {}
    for at in range(0, len(digests), BLOCK):
        query = select(LogLeaf.digest, LogLeaf.number).where(
            LogLeaf.digest.in_(digests[at : at + BLOCK])
        )
        found |= {row.digest: row.number for row in await connection.execute(query)}
    return found


async def border(connection: AsyncConnection) -> Border:
    """The right border of the tree."""
    leaves = await size(connection)
    at = [(level, leaves >> (HEIGHT * (level + 1))) for level in range(MAX_LEVEL + 1)]
    tiles = await read_tiles(connection, at)
    return Border(leaves, {level: hashes for (level, _), hashes in tiles.items()})


async def read_tiles(
    connection: AsyncConnection, named: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """The hashes of tiles by (level, number), of those that there are."""
    wanted = [(LogTile.level == level) & (LogTile.number == number) for level, number in named]
    found: dict[tuple[int, int], bytes] = {}
    for at in range(0, len(wanted), BLOCK // 4):
        query = select(LogTile.__table__).where(or_(*wanted[at : at + BLOCK // 4]))
        found |= {(row.level, row.number): row.hashes for row in await connection.execute(query)}
    return found


async def add_leaves(connection: AsyncConnection, first: int, digests: Sequence[str]) -> None:
    """Store leaves from a number on."""
    rows = [{"number": first + at, "digest": digest} for at, digest in enumerate(digests)]
    await connection.execute(insert(LogLeaf), rows)


async def put_tiles(connection: AsyncConnection, tiles: Sequence[tuple[Tile, bytes]]) -> None:
    """Store tiles; those that were partial are replaced."""
    for level in {tile.level for tile, _ in tiles}:
        lowest = min(tile.number for tile, _ in tiles if tile.level == level)
        await connection.execute(
            delete(LogTile).where(LogTile.level == level, LogTile.number >= lowest)
        )
    rows = [
        {"level": tile.level, "number": tile.number, "hashes": hashes} for tile, hashes in tiles
    ]
    await connection.execute(insert(LogTile), rows)


async def add_checkpoint(connection: AsyncConnection, leaves: int, note: str, now: int) -> None:
    """Store the signed note of a size."""
    await connection.execute(
        insert(LogCheckpoint), {"size": leaves, "note": note, "published_at": now}
    )


async def newest_checkpoint(connection: AsyncConnection) -> AnyRow | None:
    """The checkpoint of the largest size."""
    query = select(LogCheckpoint.__table__).order_by(LogCheckpoint.size.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


async def notes(connection: AsyncConnection, sizes: Iterable[int]) -> dict[int, str]:
    """The signed notes of sizes, of those that were published."""
    query = select(LogCheckpoint.size, LogCheckpoint.note).where(
        LogCheckpoint.size.in_(sorted(set(sizes)))
    )
    return {row.size: row.note for row in await connection.execute(query)}


async def digests(connection: AsyncConnection, first: int, count: int) -> list[str]:
    """The documents of leaves from a number on."""
    query = (
        select(LogLeaf.digest)
        .where(LogLeaf.number >= first, LogLeaf.number < first + count)
        .order_by(LogLeaf.number)
    )
    return list((await connection.execute(query)).scalars())
