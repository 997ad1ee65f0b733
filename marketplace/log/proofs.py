"""Where documents stand in the log, and proofs of many at once: for whoever publishes many together."""

from collections.abc import AsyncIterator, Iterable
from itertools import islice

from sqlalchemy.ext.asyncio import AsyncConnection

from crypto.multiproof import subtrees
from crypto.tiles import node_of, tile_with
from marketplace.db import Database
from marketplace.errors import Refused
from marketplace.log import repository

BLOCK = 256


async def newest(connection: AsyncConnection) -> tuple[str, int]:
    """The newest signed checkpoint, and its size.

    Raises:
        Refused: the log is empty.
    """
    found = await repository.newest_checkpoint(connection)
    if found is None:
        raise Refused("empty-log", "Nothing is in the log yet.")
    return str(found.note), int(found.size)


async def leaves(connection: AsyncConnection, digests: Iterable[str]) -> dict[str, int]:
    """Where documents stand, of those that the log holds."""
    return await repository.numbers(connection, list(digests))


async def multiproof(db: Database, indices: Iterable[int], size: int) -> AsyncIterator[list[bytes]]:
    """The proof (`crypto.multiproof`) that leaves, rising, are in the tree of `size`, some hashes at a time."""
    needed = subtrees(indices, size)
    while block := list(islice(needed, BLOCK)):
        async with db.snapshot() as connection:
            tiles = await repository.read_tiles(connection, {tile_with(*at) for at in block})
        yield _hashes(block, tiles)


def _hashes(block: list[tuple[int, int]], tiles: dict[tuple[int, int], bytes]) -> list[bytes]:
    node = node_of(lambda level, number: tiles[level, number])
    return [node(*at) for at in block]
