"""A market's log as its readers check it: a head that only grows, and documents that are in it.

Whoever keeps the newest head that it saw, and gives it back the next time, notices a log that was rolled back
or that shows others another history. There are two ways to find a document:

* `find` asks the market for a proof by the document's digest, `find_together` for one of many documents: for
  those who have nothing to hide;
* `read` reads the public files, 256 leaves at a time, and computes the proof here, so that the market does not
  learn which leaf matters: for those who read what everybody reads, whole batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

import crypto
from crypto import checkpoint, merkle, multiproof
from crypto.checkpoint import Checkpoint
from crypto.errors import LogError
from crypto.note import Verifier
from crypto.tiles import ENTRIES, HEIGHT, WIDTH, Tile, node_of, tile_with, unbundle
from vrm.client.base import MarketClient
from vrm.errors import LogFault, MarketMisbehaved, MarketRefused

TOGETHER: Final = 100
"""Documents that a market proves in one call."""


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


class _Together(msgspec.Struct, frozen=True):
    indices: tuple[int | None, ...]
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
        try:
            note = raw.decode()
        except UnicodeDecodeError:
            raise LogFault("note", "The log's checkpoint is no text.") from None
        head = await self.verified(note)
        if kept:
            await self.require_growth(await self.verified(kept), head)
        return head

    async def verified(self, note: str) -> Head:
        """A head that somebody hands over, with the log's signature.

        Raises:
            LogFault: the log's key did not sign it (`unsigned`, `signature`), or it is malformed, or so is the
                key in the descriptor (`key`).
        """
        named = (await self._client.descriptor()).log
        try:
            verifier = Verifier.parse(named)
            return Head(note, checkpoint.verify(note, verifier)[0])
        except LogError as error:
            raise LogFault(error.code, f"The log's checkpoint: {error}", (note,)) from None

    async def require_growth(self, old: Head, new: Head) -> None:
        """Require a head to have grown out of another one.

        Raises:
            LogFault: the log is shorter than it was (`rollback`), or has another history (`fork`,
                `consistency`).
        """
        notes = (old.note, new.note)
        try:
            proof = await self._growth(old.checkpoint, new.checkpoint)
            checkpoint.verify_growth(old.checkpoint, new.checkpoint, proof)
        except LogError as error:
            raise LogFault(error.code, f"The log's checkpoint: {error}", notes) from None
        except LogFault as fault:
            raise LogFault(fault.code, str(fault), notes) from None

    async def _growth(self, old: Checkpoint, new: Checkpoint) -> list[bytes]:
        if not 0 < old.size < new.size:
            return []
        path = f"/log/consistency/{old.size}"
        try:
            found = await self._client.get(path, _Consistency, {"size": new.size})
        except MarketRefused as refusal:
            if refusal.code not in {"unknown-size", "empty-log"}:
                raise
            told = f"The market does not prove that its log only grew: {refusal}"
            raise LogFault("consistency", told) from None
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
            if refusal.code not in {"not-logged", "unknown-size"}:
                raise
            raise LogFault("missing", f"The log does not hold {digest}.") from None
        _verify(digest, found.index, _hashes(found.proof), head)
        return found.index

    async def find_together(self, digests: Sequence[str], head: Head) -> dict[str, int]:
        """Where documents stand in the log, proven; those that it does not hold are left out.

        Args:
            digests: without one twice; each hundred of them is one call.

        Raises:
            LogFault: a proof does not hold (`inclusion`).
        """
        found: dict[str, int] = {}
        for at in range(0, len(digests), TOGETHER):
            found |= await self._together(digests[at : at + TOGETHER], head)
        return found

    async def _together(self, digests: Sequence[str], head: Head) -> dict[str, int]:
        asked = "&".join(f"document={digest}" for digest in digests)
        answer = await self._client.get(f"/log/inclusion?{asked}&size={head.size}", _Together)
        if len(answer.indices) != len(digests):
            raise LogFault("inclusion", "The log answers for another number of documents.")
        pairs = zip(answer.indices, digests, strict=True)
        held = sorted((index, digest) for index, digest in pairs if index is not None)
        leaves = [(at, merkle.leaf_hash(crypto.base64url_decode(one))) for at, one in held]
        try:
            root = multiproof.root_of(leaves, head.size, _hashes(answer.proof))
        except LogError as error:
            raise LogFault("inclusion", f"The log's proof: {error}") from None
        if root != head.checkpoint.root:
            raise LogFault("inclusion", "The log's proof is not of its signed head.", (head.note,))
        return {digest: index for index, digest in held}

    async def read(self, spans: Sequence[tuple[int, int]], head: Head) -> list[list[str]]:
        """The documents at some positions, proven, by what anybody downloads.

        Args:
            spans: pairs of a first position and a count, by rising position, without overlap.

        Returns:
            The documents' digests, for each span in its order.

        Raises:
            LogFault: the head's tree has no such positions (`range`), or the log's files are not those of the
                head (`inclusion`, `tile`, `bundle`).
        """
        if any(first + count > head.size for first, count in spans):
            raise LogFault("range", "The log is not as long as that.", (head.note,))
        files = _Files(self._client, head.size)
        try:
            entries = [await files.entries(first, count) for first, count in spans]
            indices = [at for first, count in spans for at in range(first, first + count)]
            if [len(held) for held in entries] != [count for _, count in spans]:
                raise LogError("A bundle of entries is too short.", code="bundle")
            hashes = [merkle.leaf_hash(entry) for held in entries for entry in held]
            proof = await files.proof(indices)
            root = multiproof.root_of(zip(indices, hashes, strict=True), head.size, proof)
        except LogError as error:
            raise LogFault(error.code, f"The log's files: {error}", (head.note,)) from None
        if root != head.checkpoint.root:
            detail = "The log's files are not those of its signed head."
            raise LogFault("inclusion", detail, (head.note,))
        return [[crypto.base64url_encode(entry) for entry in held] for held in entries]


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
            path = Tile(level, number, width).path
            try:
                self._read[key] = await self._client.fetch(f"/log/{path}")
            except MarketRefused as refusal:
                if refusal.code != "unknown-tile":
                    raise
                raise LogFault("tile", f"The log has no {path}.") from None
        return self._read[key]

    async def entries(self, first: int, count: int) -> list[bytes]:
        """The entries of leaves from a number on."""
        found: list[bytes] = []
        begin = first // WIDTH * WIDTH
        for number in range(first // WIDTH, (first + count - 1) // WIDTH + 1):
            found += unbundle(await self.read(ENTRIES, number))
        return found[first - begin : first - begin + count]

    async def proof(self, indices: Sequence[int]) -> list[bytes]:
        """The proof that leaves are in the head's tree."""
        needed = list(multiproof.subtrees(indices, self._size))
        tiles = {at: await self.read(*at) for at in {tile_with(*node) for node in needed}}
        node = node_of(lambda *at: tiles[at])
        return [node(*at) for at in needed]


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
