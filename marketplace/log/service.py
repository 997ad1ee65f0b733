"""The use cases about the log."""

from collections.abc import Iterable, Sequence
from typing import Final

import anyio.to_thread
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from crypto import checkpoint as checkpoints
from crypto import merkle, multiproof
from crypto.checkpoint import Checkpoint
from crypto.errors import LogError
from crypto.tiles import ENTRIES, WIDTH, Border, Tile, bundle, node_of, tile_with
from marketplace.errors import Refused
from marketplace.instants import instant_text
from marketplace.log import repository
from marketplace.log.schemas import ConsistencyView, InclusionView, TogetherView
from marketplace.market import Market
from vrm.documents import Bid, BidWithdrawal, Document, Receipt, Signed, sign

MERGE_SECONDS: Final = 300
"""Within how many seconds the log holds what a receipt was given for. A second or two is usual."""
CHUNK = 1 << 15
"""How many leaves one transaction appends at most."""


async def put(connection: AsyncConnection, digests: Iterable[str]) -> None:
    """Have documents logged, in the transaction that stores them."""
    await repository.add_waiting(connection, digests)


async def put_found(connection: AsyncConnection, digests: Select[tuple[str]]) -> None:
    """Have the documents logged whose digests a query finds, in the transaction that makes them count."""
    await repository.add_waiting_found(connection, digests)


async def record(connection: AsyncConnection, document: Signed[Document], party: str) -> None:
    """Keep a document for good, and have it logged, in the transaction that makes it count.

    Args:
        party: whom it is about: a vendor's did, or the market's.
    """
    kind = type(document.body).__name__
    if await repository.keep(connection, kind, party, document.digest, document.wire):
        await repository.add_waiting(connection, [document.digest])


def receipt(
    market: Market, document: Signed[Bid] | Signed[BidWithdrawal], received_at: int
) -> Signed[Receipt]:
    """Promise the log's leaf for a document that was received at an instant and is `put`."""
    body = Receipt(
        market=market.did,
        document=document.digest,
        document_type=document.body.type,
        logged_by=instant_text(received_at + MERGE_SECONDS),
    )
    return sign(body, market.identity.key)


async def show(market: Market, digest: str) -> bytes:
    """A kept document, by its digest.

    Raises:
        Refused: none is kept under this digest, or it is hidden.
    """
    async with market.db.snapshot() as connection:
        wire = await repository.kept(connection, digest)
        decision = await repository.hidden_by(connection, digest)
    if decision is not None:
        raise Refused("hidden", "The operator has hidden this document.", decision=decision)
    if wire is None:
        raise Refused("not-found", "No document is kept under this digest.", "digest")
    return wire


async def anything_waits(market: Market) -> bool:
    """Tell whether `grow` has something to do."""
    async with market.db.snapshot() as connection:
        return await repository.anything_waits(connection)


async def grow(market: Market) -> int:
    """Append all that waits; answers how many leaves that were."""
    appended = 0
    while True:
        async with market.db.unit_of_work() as connection:
            more = await append_chunk(market, connection)
        if not more:
            return appended
        appended += more


async def append_all(market: Market, connection: AsyncConnection) -> int:
    """Append all that waits in the caller's transaction; answers the size of the log then."""
    while await append_chunk(market, connection):
        pass
    return await repository.size(connection)


async def append_together(
    market: Market, connection: AsyncConnection, digests: Sequence[str]
) -> tuple[int, int]:
    """Append documents at once, side by side, in the caller's transaction, as the last thing that it does.

    Args:
        digests: in their order; the log does not hold them yet.

    Returns:
        The first one's number, and how many they are.
    """
    await repository.be_the_writer(connection)
    first = await repository.size(connection)
    await _append(market, connection, digests)
    return first, len(digests)


async def append_chunk(market: Market, connection: AsyncConnection) -> int:
    """Append the next documents that wait, with their tiles and a checkpoint; answers how many."""
    await repository.be_the_writer(connection)
    appended = 0
    while not appended and (taken := await repository.take_waiting(connection, CHUNK)):
        known = await repository.numbers(connection, taken)
        new = [digest for digest in taken if digest not in known]
        if new:
            await _append(market, connection, new)
        appended = len(new)
    return appended


async def _append(market: Market, connection: AsyncConnection, digests: Sequence[str]) -> None:
    border = await repository.border(connection)
    first = border.size
    tiles = await anyio.to_thread.run_sync(_grown, border, digests)
    await repository.add_leaves(connection, first, digests)
    await repository.put_tiles(connection, tiles)
    checkpoint = Checkpoint(market.identity.log.name, border.size, border.root)
    now = await market.db.now(connection)
    note = checkpoint.sign(market.identity.log_key)
    await repository.add_checkpoint(connection, border.size, note, now)


def _grown(border: Border, digests: Sequence[str]) -> list[tuple[Tile, bytes]]:
    full = border.append([merkle.leaf_hash(entry(digest)) for digest in digests])
    return [*full, *border.partial()]


def entry(digest: str) -> bytes:
    """What a document's leaf holds: the 32 bytes of its digest."""
    return crypto.base64url_decode(digest)


async def checkpoint(market: Market) -> str:
    """The newest signed checkpoint.

    Raises:
        Refused: the log is empty.
    """
    async with market.db.snapshot() as connection:
        return await _newest(connection)


async def checkpoint_of(market: Market, size: int) -> str:
    """The signed checkpoint of a size.

    Raises:
        Refused: the log never published one of this size.
    """
    async with market.db.snapshot() as connection:
        leaves = await repository.size(connection)
        found = await repository.notes(connection, [size]) if size <= leaves else {}
    if not found:
        raise Refused("unknown-size", "No checkpoint of this size was published.", "size")
    return found[size]


async def notes(connection: AsyncConnection, sizes: Iterable[int]) -> dict[int, str]:
    """The signed checkpoints of sizes that were published."""
    return await repository.notes(connection, sizes)


async def root_at(market: Market, connection: AsyncConnection, size: int) -> bytes:
    """The root that the log published for a size."""
    note = (await repository.notes(connection, [size]))[size]
    return checkpoints.verify(note, market.identity.log)[0].root


async def tile(market: Market, path: str) -> bytes:
    """A tile or a bundle of entries, by its path below the log's address.

    Raises:
        Refused: that is no path of a tile, or no tile of the newest checkpoint's tree.
    """
    try:
        named = Tile.parse(path)
    except LogError as error:
        raise Refused("unknown-tile", str(error)) from None
    async with market.db.snapshot() as connection:
        found = await read_tile(connection, named)
    if found is None:
        raise Refused("unknown-tile", "The log has no such tile, or fewer hashes in it.")
    return found


async def read_tile(connection: AsyncConnection, named: Tile) -> bytes | None:
    """The bytes of a tile or a bundle; none if the log has not grown so far."""
    if named.level == ENTRIES:
        held = await repository.digests(connection, named.number * WIDTH, named.width)
        return bundle(map(entry, held)) if len(held) == named.width else None
    key = (named.level, named.number)
    hashes = (await repository.read_tiles(connection, [key])).get(key, b"")
    wanted = hashes[: named.width * 32]
    return wanted if len(wanted) == named.width * 32 else None


async def prove_inclusion(market: Market, document: str, size: int | None) -> InclusionView:
    """Prove that a document is in the log.

    Args:
        document: its digest.
        size: of the tree; the newest if left out.

    Raises:
        Refused: the log has not so many leaves, or does not hold the document among them.
    """
    async with market.db.snapshot() as connection:
        leaves, newest = await _size(connection, size), await _newest(connection)
        number = (await repository.numbers(connection, [document])).get(document)
        if number is None or number >= leaves:
            raise Refused("not-logged", "The log does not hold this document.", "document")
        needed: list[tuple[int, int]] = []
        merkle.inclusion_proof(number, leaves, _noting(needed))
        node = await _nodes(connection, needed)
    proof = merkle.inclusion_proof(number, leaves, node)
    return InclusionView(
        index=number, size=leaves, proof=[part.hex() for part in proof], checkpoint=newest
    )


async def prove_together(
    market: Market, documents: Sequence[str], size: int | None
) -> TogetherView:
    """Prove that documents are in the log, as far as they are, with one proof for all of them.

    Args:
        documents: their digests.
        size: of the tree; the newest if left out.

    Raises:
        Refused: the log is empty, or has not so many leaves.
    """
    async with market.db.snapshot() as connection:
        leaves, newest = await _size(connection, size), await _newest(connection)
        known = await repository.numbers(connection, documents)
        held = {document: at for document, at in known.items() if at < leaves}
        needed = list(multiproof.subtrees(sorted(held.values()), leaves))
        node = await _nodes(connection, needed)
    return TogetherView(
        indices=[held.get(document) for document in documents],
        size=leaves,
        proof=[node(*at).hex() for at in needed],
        checkpoint=newest,
    )


async def prove_consistency(market: Market, old: int, size: int | None) -> ConsistencyView:
    """Prove that the log only grew since it had `old` leaves.

    Raises:
        Refused: the log never had these sizes in this order.
    """
    async with market.db.snapshot() as connection:
        leaves, newest = await _size(connection, size), await _newest(connection)
        if not 0 < old <= leaves:
            raise Refused("unknown-size", f"Ask for a size from 1 to {leaves}.", "old")
        needed: list[tuple[int, int]] = []
        merkle.consistency_proof(old, leaves, _noting(needed))
        node = await _nodes(connection, needed)
    proof = merkle.consistency_proof(old, leaves, node)
    return ConsistencyView(
        old=old, size=leaves, proof=[part.hex() for part in proof], checkpoint=newest
    )


async def _newest(connection: AsyncConnection) -> str:
    found = await repository.newest_checkpoint(connection)
    if found is None:
        raise Refused("empty-log", "Nothing is in the log yet.")
    return str(found.note)


async def _size(connection: AsyncConnection, asked: int | None) -> int:
    leaves = await repository.size(connection)
    if asked is not None and not 0 < asked <= leaves:
        raise Refused("unknown-size", f"The log has {leaves} leaves.", "size")
    return leaves if asked is None else asked


def _noting(needed: list[tuple[int, int]]) -> merkle.PerfectNode:
    """Perfect subtrees that are all zeros, to learn which ones a proof takes."""

    def node(level: int, index: int) -> bytes:
        needed.append((level, index))
        return bytes(32)

    return node


async def _nodes(
    connection: AsyncConnection, needed: Sequence[tuple[int, int]]
) -> merkle.PerfectNode:
    tiles = await repository.read_tiles(connection, {tile_with(*at) for at in needed})
    return node_of(lambda level, number: tiles[level, number])
