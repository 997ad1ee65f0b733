"""A market's log as its readers check it: a head that only grows, and documents that are in it.

Whoever keeps the newest head that it saw, and gives it back the next time, notices a log that was rolled back
or that shows others another history. There are two ways to find a document:

* `find` asks the market for a proof by the document's digest: for those who have nothing to hide;
* `require_at` reads the public files around a position, 256 leaves at a time, and computes the proof here, so
  that the market does not learn which leaf matters.
"""

from dataclasses import dataclass

import msgspec

import crypto
from crypto import checkpoint, merkle
from crypto.checkpoint import Checkpoint
from crypto.errors import LogError
from crypto.note import Verifier
from crypto.tiles import ENTRIES, HASH, HEIGHT, WIDTH, Tile, node_of, tile_with, unbundle
from vrm.client.base import MarketClient
from vrm.errors import LogFault, MarketMisbehaved, MarketRefused


@dataclass(frozen=True)
class Head:
    """The log at one moment, as the market signed it."""

    note: str
    """The signed note; keep it."""
    checkpoint: Checkpoint

    @property
    def size(self) -> int:
        """How many leaves the log has."""
        return self.checkpoint.size


class _Consistency(msgspec.Struct, frozen=True):
    proof: tuple[str, ...]


class _Inclusion(msgspec.Struct, frozen=True):
    index: int
    proof: tuple[str, ...]


class LogReader:
    """Reads one market's log.

    Args:
        client: of the market; its descriptor names the log's key.
    """

    def __init__(self, client: MarketClient) -> None:
        self._client = client

    async def head(self, kept: str = "") -> Head:
        """The newest head, proven to have grown out of the one that was kept.

        Args:
            kept: the note of the head that was seen last; empty at the first meeting.

        Raises:
            LogFault: the log's key did not sign it (`unsigned`, `signature`), the log is shorter than it was
                (`rollback`), or has another history (`fork`, `consistency`).
            MarketRefused: the log is empty (`empty-log`).
        """
        raw = await self._client.fetch("/log/checkpoint")
        verifier = Verifier.parse((await self._client.descriptor()).log)
        try:
            note = raw.decode()
            new = checkpoint.verify(note, verifier)[0]
            if kept:
                old = checkpoint.verify(kept, verifier)[0]
                checkpoint.verify_growth(old, new, await self._growth(old, new))
        except UnicodeDecodeError:
            raise LogFault("note", "The log's checkpoint is no text.") from None
        except LogError as error:
            raise LogFault(error.code, f"The log's checkpoint: {error}") from None
        return Head(note, new)

    async def _growth(self, old: Checkpoint, new: Checkpoint) -> list[bytes]:
        if not 0 < old.size < new.size:
            return []
        path = f"/log/consistency/{old.size}"
        found = await self._client.get(path, _Consistency, {"size": new.size})
        return _hashes(found.proof)

    async def find(self, digest: str, head: Head) -> int:
        """Where a document stands in the log, proven.

        Raises:
            LogFault: it is not there (`missing`), or the proof does not hold (`inclusion`).
        """
        try:
            found = await self._client.get(
                f"/log/inclusion/{digest}", _Inclusion, {"size": head.size}
            )
        except MarketRefused as refusal:
            if refusal.code != "not-logged":
                raise
            raise LogFault("missing", f"The log does not hold {digest}.") from None
        _verify(digest, found.index, _hashes(found.proof), head)
        return found.index

    async def require_at(self, digests: dict[int, str], head: Head) -> None:
        """Require documents at their positions, by what anybody downloads.

        Args:
            digests: by position.

        Raises:
            LogFault: the log holds something else there (`missing`), or its files are not those of the head
                (`inclusion`, `tile`, `bundle`).
        """
        files = _Files(self._client, head.size)
        for index, digest in digests.items():
            try:
                held = unbundle(await files.read(ENTRIES, index // WIDTH))
            except LogError as error:
                raise LogFault(error.code, str(error)) from None
            at = index % WIDTH
            if at >= len(held) or held[at] != crypto.base64url_decode(digest):
                raise LogFault("missing", f"The log holds something else at {index}.")
            _verify(digest, index, await files.proof(index), head)


class _Files:
    """The log's files, each fetched once."""

    def __init__(self, client: MarketClient, size: int) -> None:
        self._client, self._size = client, size
        self._read: dict[tuple[int, int], bytes] = {}

    async def read(self, level: int, number: int) -> bytes:
        """The tile or bundle, as wide as it is in the head's tree."""
        key = (level, number)
        if key not in self._read:
            hashes = self._size >> (HEIGHT * max(level, 0))
            width = min(WIDTH, hashes - number * WIDTH)
            if width <= 0:
                raise LogFault("missing", "The log is not as long as that.")
            self._read[key] = await self._client.fetch(f"/log/{Tile(level, number, width).path}")
        return self._read[key]

    async def proof(self, index: int) -> list[bytes]:
        """The proof that a leaf is in the head's tree."""
        needed: list[tuple[int, int]] = []

        def note(level: int, at: int) -> bytes:
            needed.append(tile_with(level, at))
            return bytes(HASH)

        merkle.inclusion_proof(index, self._size, note)
        tiles = {at: await self.read(*at) for at in needed}
        try:
            return merkle.inclusion_proof(index, self._size, node_of(lambda *at: tiles[at]))
        except LogError as error:
            raise LogFault(error.code, str(error)) from None


def _verify(digest: str, index: int, proof: list[bytes], head: Head) -> None:
    leaf = merkle.leaf_hash(crypto.base64url_decode(digest))
    try:
        merkle.verify_inclusion(leaf, index, head.size, proof, head.checkpoint.root)
    except LogError as error:
        raise LogFault(error.code, f"{digest}: {error}") from None


def _hashes(proof: tuple[str, ...]) -> list[bytes]:
    try:
        return [bytes.fromhex(part) for part in proof]
    except ValueError:
        raise MarketMisbehaved("The log's proof is not written in hexadecimal.") from None
