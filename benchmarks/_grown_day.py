"""A small day that was really played (`_wallet_day`), made as large as one likes in a market's tables.

What wallets read is multiplied: each further assignment and acceptance is one of the small day's, as long as
that is, with digests, keys and signatures of its own, made up; batches and the log are the market's own work
again; the mail's list says what a bucket of so many requests would have, and only the buckets of one wallet
are filled, with noise in messages of the lengths that the small day has. What no wallet reads is left out.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from sqlalchemy import insert

from benchmarks._wallet_day import BIDS
from marketplace.log import service as log
from marketplace.mail.rules import bits_of
from marketplace.mail.service import MESSAGES
from marketplace.models import Batch
from marketplace.requests import repository as requests_repository
from marketplace.resolver.ids import text_ids
from tests.support.market import ClockedMarket
from vrm.documents import RunReport, recall, sign
from vrm.documents.mail import MAILBOX_BITS, bucket_of, name_of, pack, unpack

REPLACED: Final = (
    "requests", "bids", "run_requests", "awards", "unfilled", "assignments", "assignment_answers",
    "batches", "mail_segments",
)  # fmt: skip
"""Tables of which no row of the small day stays; what the log holds does."""
NOISE: Final = re.compile(rb"[A-Za-z0-9_-]{43,}")
"""Digests, keys and signatures in a document."""
BASE58: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGEST: Final = 43
"""Characters of a digest."""
KEY: Final = b"z6Mk"
"""What every Ed25519 key begins with."""
POOL: Final = 1 << 20
"""Characters of noise that are made at once."""
LENGTH_BYTES: Final = 4
"""Before each message of a segment."""

Row = dict[str, Any]


async def grow(
    market: ClockedMarket, file: Path, day: str, requests: int, mailboxes: Collection[int]
) -> None:
    """Make the day of a market as large as so many requests.

    Args:
        file: the market's SQLite database.
        mailboxes: those of one wallet, whose buckets are filled.
    """
    random = np.random.default_rng(2)
    digests = sorted(_texts(random, requests))
    batch_of = random.integers(0, 1 << 30, requests)
    database = sqlite3.connect(file, isolation_level=None)
    try:
        database.row_factory = sqlite3.Row
        instants = [row["instant"] for row in database.execute("SELECT instant FROM batches")]
        batch_of %= len(instants)
        lengths = _message_lengths(database)
        own = random.integers(0, 1 << MAILBOX_BITS, requests)
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -4000000")  # KiB
        database.execute("BEGIN")
        _multiply(market, database, day, digests, np.array(instants)[batch_of], own)
        _fill_mail(market, database, instants, batch_of, own, lengths, mailboxes, random)
        _report(market, database, day, requests)
        database.execute("COMMIT")
    finally:
        database.close()
    for at, instant in enumerate(instants):
        of_batch = [digests[row] for row in np.flatnonzero(batch_of == at).tolist()]
        async with market.market.db.unit_of_work() as connection:
            counts = {"instant": instant, "requests": len(of_batch), "withdrawals": 0}
            await connection.execute(insert(Batch), counts)
            leaves = await log.append_together(market.market, connection, of_batch)
            await requests_repository.set_leaves(connection, instant, *leaves)


def _texts(random: np.random.Generator, count: int) -> list[str]:
    raw = np.frombuffer(random.bytes(32 * count), np.uint8).reshape(-1, 32)
    found: list[str] = text_ids(raw).astype("U").tolist()
    return found


# --- assignments and acceptances ---


def _multiply(
    market: ClockedMarket,
    database: sqlite3.Connection,
    day: str,
    digests: Sequence[str],
    published_at: Any,
    mailboxes: Any,
) -> None:
    """Put a row for each digest where the small day's rows were, in all tables that its lists join."""
    kept = {name: _by_request(database, name) for name in ("awards", "assignments")}
    kept["answers"] = _by_request(database, "assignment_answers")
    kept["requests"] = _rows(database, "requests", "digest")
    winners = _rows(database, "bids", "digest")
    for name in REPLACED:
        database.execute(f"DELETE FROM {name}")  # noqa: S608 - our own names
    models = [request for request in kept["awards"] if request in kept["answers"]]
    noise = _Noise(market.rules.market)
    assigned = {one: noise.cut(kept["assignments"][one]["wire"]) for one in models}
    accepted = {one: noise.cut(kept["answers"][one]["wire"]) for one in models}

    def rows() -> Iterator[tuple[str, Row]]:
        for at, digest in enumerate(digests):
            model = models[at % len(models)]
            bid, assignment = noise.digest(), noise.digest()
            award = kept["awards"][model]
            reserve = "".join(noise.digest() for _ in range(len(award["reserve"]) // DIGEST))
            again = {"request": digest}
            yield "requests", kept["requests"][model] | {
                "digest": digest, "pseudonym": digest, "wire": b"", "day": day,
                "published_at": int(published_at[at]), "mailbox": int(mailboxes[at]),
            }  # fmt: skip
            yield "bids", winners[award["bid"]] | again | {"digest": bid, "wire": b""}
            yield "awards", award | again | {"bid": bid, "reserve": reserve}
            yield "assignments", kept["assignments"][model] | again | {
                "digest": assignment, "wire": noise.filled(assigned[model]),
            }  # fmt: skip
            yield "assignment_answers", kept["answers"][model] | again | {
                "assignment": assignment, "digest": noise.digest(),
                "wire": noise.filled(accepted[model]),
            }  # fmt: skip

    _insert(database, rows())


def _by_request(database: sqlite3.Connection, table: str) -> dict[str, Row]:
    return _rows(database, table, "request")


def _rows(database: sqlite3.Connection, table: str, key: str) -> dict[str, Row]:
    found = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
    return {row[key]: dict(row) for row in found}


def _insert(
    database: sqlite3.Connection, rows: Iterable[tuple[str, Row]], block: int = 5000
) -> None:
    waiting: dict[str, list[Row]] = {}

    def put(table: str) -> None:
        ready = waiting.pop(table)
        columns = ", ".join(f'"{name}"' for name in ready[0])
        values = ", ".join("?" * len(ready[0]))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({values})"  # noqa: S608 - our own names
        database.executemany(statement, [tuple(row.values()) for row in ready])

    for table, row in rows:
        waiting.setdefault(table, []).append(row)
        if len(waiting[table]) == block:
            put(table)
    for table in list(waiting):
        put(table)


class _Noise:
    """What takes the place of digests, keys and signatures: as long, and as little to be compressed.

    The market's own key stays, which is in each of its documents.
    """

    def __init__(self, market: str) -> None:
        self._market = market.rpartition(":")[2].encode()
        self._random = np.random.default_rng(3)
        self._refill()

    def _refill(self) -> None:
        letters = np.frombuffer(BASE58, np.uint8)
        self._pool = letters[self._random.integers(0, len(letters), POOL)].tobytes()
        self._at = 0

    def take(self, length: int) -> bytes:
        """So many characters."""
        if self._at + length > POOL:
            self._refill()
        self._at += length
        return self._pool[self._at - length : self._at]

    def digest(self) -> str:
        """A digest's text."""
        return self.like(bytes(DIGEST)).decode()

    def like(self, part: bytes) -> bytes:
        """Something in place of a digest, a key or a signature."""
        if len(part) == DIGEST:
            return self.take(DIGEST - 1) + b"A"  # its last character has two bits that are zero
        begin = KEY if part.startswith(KEY) else part[:1]
        return begin + self.take(len(part) - len(begin))

    def cut(self, wire: bytes) -> list[bytes]:
        """A document's parts: every second one is to be replaced."""
        parts = [b""]
        at = 0
        for found in NOISE.finditer(wire):
            parts[-1] += wire[at : found.start()]
            at = found.end()
            if found[0] == self._market:
                parts[-1] += found[0]
            else:
                parts += [found[0], b""]
        parts[-1] += wire[at:]
        return parts

    def filled(self, parts: Sequence[bytes]) -> bytes:
        """A document out of its parts; what it said twice it says twice again."""
        said = {part: self.like(part) for part in parts[1::2]}
        return b"".join(said[part] if at % 2 else part for at, part in enumerate(parts))


# --- the mail ---


def _message_lengths(database: sqlite3.Connection) -> list[int]:
    """The lengths of the messages in the small day's mail."""
    found = database.execute("SELECT content FROM mail_segments")
    return [len(box) for row in found for box in unpack(row["content"])]


def _fill_mail(
    market: ClockedMarket,
    database: sqlite3.Connection,
    instants: Sequence[int],
    batch_of: Any,
    mailboxes: Any,
    lengths: Sequence[int],
    own: Collection[int],
    random: np.random.Generator,
) -> None:
    """List the segments that a day's requests and bids would be in, and fill those of some mailboxes.

    Each request's copy comes with its batch, its bids with the next.
    """
    counts = dict(
        zip(*(part.tolist() for part in np.unique(mailboxes, return_counts=True)), strict=True)
    )
    bits = bits_of(counts, market.rules.mail.bucket_minimum)
    mine = {bucket_of(mailbox, bits) for mailbox in own}
    bucket = mailboxes >> (MAILBOX_BITS - bits)
    step = market.rules.schedule.batch_seconds
    copies = [
        np.bincount(bucket[batch_of == at], minlength=1 << bits) for at in range(len(instants))
    ]
    none = np.zeros_like(copies[0])
    noise = _Noise(market.rules.market)
    mean = sum(lengths) / len(lengths)

    def segment(name: str, instant: int, messages: int) -> Row:
        if name in mine:
            chosen = random.choice(lengths, messages).tolist()
            content = pack(secrets.token_bytes(length) for length in chosen)
            named, size = name_of(content), len(content)
        else:
            content, named, size = b"", noise.digest(), round(messages * (mean + LENGTH_BYTES))
        return {"segment": named, "bucket": name, "instant": instant, "messages": messages,
                "size": size, "content": content}  # fmt: skip

    def rows() -> Iterator[tuple[str, Row]]:
        for at, (new, before) in enumerate(zip([*copies, none], [none, *copies], strict=True)):
            instant = instants[at] if at < len(instants) else instants[-1] + step
            for number, messages in enumerate((new + BIDS * before).tolist()):
                name = bucket_of(number << (MAILBOX_BITS - bits), bits)
                for first in range(0, messages, MESSAGES):
                    yield "mail_segments", segment(name, instant, min(MESSAGES, messages - first))

    _insert(database, rows(), block=1000)


# --- the report ---


def _report(market: ClockedMarket, database: sqlite3.Connection, day: str, requests: int) -> None:
    [(wire,)] = database.execute("SELECT report FROM runs WHERE day = ?", [day]).fetchall()
    counted: dict[str, Any] = {
        "requests": requests, "bids": BIDS * requests, "assigned": requests, "unfilled": {},
    }  # fmt: skip
    body = msgspec.structs.replace(recall(wire, RunReport), **counted)
    signed = sign(body, market.market.identity.key)
    database.execute("UPDATE runs SET report = ? WHERE day = ?", [signed.wire, day])
