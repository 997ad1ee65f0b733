"""What the vendor has bid, kept in one SQLite file so that a restart neither doubles nor forgets.

A bid document is stored, together with the place reached on the board, before it is sent. Whatever happens
next, the same document goes out again, and the market answers a known document as it did the first time.

States of a bid::

    prepared -> sent -> won | lost
        |        '----> withdrawn
        '-> refused

``prepared`` and ``sent`` hold stock back as open; ``won`` does as gone until the stock is counted anew.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from vrm.documents.scalars import format_instant
from vrm.vendor import contracts, conversation, receipts
from vrm.vendor.bidder import Commitment
from vrm.vendor.stock import StockKey

State = Literal["prepared", "sent", "refused", "withdrawn", "won", "lost"]

TERMS: Final = "terms:"
"""Begins the names of the marks that hold accepted texts."""

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS bid (
    request    TEXT PRIMARY KEY,
    digest     TEXT NOT NULL UNIQUE,
    document   BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    sku        TEXT NOT NULL,
    place      TEXT NOT NULL,
    units      INTEGER NOT NULL,
    decided_at TEXT NOT NULL,
    state      TEXT NOT NULL,
    problem    TEXT NOT NULL DEFAULT '',
    settled_at TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bid_state ON bid (state);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
"""

_SELECT: Final = {
    "request": "SELECT * FROM bid WHERE request = ?",
    "state": "SELECT * FROM bid WHERE state = ?",
    "digest": "SELECT * FROM bid WHERE digest = ?",
}


@dataclass(frozen=True)
class Entry:
    """One bid of the vendor; the newest on its request."""

    request: str
    digest: str
    document: bytes
    seq: int
    stock: StockKey
    units: int
    decided_at: str
    """The cutoff at which the market decides, as it stood on the board."""
    state: State = "prepared"
    problem: str = ""


class Ledger:
    """The vendor's own record. One writer at a time; every method is one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        # A crash of the program loses nothing; a power cut may lose the last bids together with the cursor,
        # and then they are made again with a higher seq, in place of those that went out.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version < 1:
            self._db.executescript(_SCHEMA)
        if version < 2:
            self._db.executescript(receipts.SCHEMA)
        if version < 3:
            self._db.executescript(contracts.SCHEMA)
        if version < 4:
            self._db.executescript(conversation.SCHEMA)
        self.receipts = receipts.Receipts(self._db, self._transaction)
        self.contracts = contracts.Contracts(self._db, self._transaction)
        self.conversation = conversation.Conversation(self._db, self._transaction)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def mark(self, name: str) -> str | None:
        """Tell a remembered value, such as the place reached on the board."""
        row = self._db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def prepare(self, entries: Iterable[Entry], **marks: str) -> None:
        """Store bids that will be sent, and the marks that they bring along, in one transaction."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO bid (request, digest, document, seq, sku, place, units,"
                " decided_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'prepared')",
                [
                    (e.request, e.digest, e.document, e.seq, *e.stock, e.units, e.decided_at)
                    for e in entries
                ],
            )
            db.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", marks.items())

    def forget(self, *marks: str) -> None:
        """Drop remembered values."""
        with self._transaction() as db:
            db.executemany("DELETE FROM mark WHERE name = ?", [(name,) for name in marks])

    def agree(self, terms: Mapping[str, str]) -> None:
        """Remember which text of each agreement the vendor accepts: its digest, by the agreement's id."""
        self.prepare([], **{f"{TERMS}{name}": digest for name, digest in terms.items()})

    def agreed(self) -> dict[str, str]:
        """Tell the digests of the accepted texts."""
        return self.marks(TERMS)

    def marks(self, beginning: str) -> dict[str, str]:
        """Tell the remembered values whose names begin so, by the rest of the name."""
        query = "SELECT name, value FROM mark WHERE name GLOB ?"
        rows = self._db.execute(query, (f"{beginning}*",))
        return {name.removeprefix(beginning): value for name, value in rows}

    def settle(self, outcomes: Iterable[tuple[str, State, str]], now: datetime) -> None:
        """Record what became of bids, as (bid digest, state, problem or nothing)."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE bid SET state = ?, problem = ?, settled_at = ? WHERE digest = ?",
                [(state, problem, format_instant(now), bid) for bid, state, problem in outcomes],
            )

    def on(self, request: str) -> Entry | None:
        """Tell the newest bid on a request."""
        return next((entry for entry in self._entries("request", request)), None)

    def requests(self) -> set[str]:
        """Tell all requests that have a bid, whatever became of it."""
        return {request for (request,) in self._db.execute("SELECT request FROM bid")}

    def lost(self) -> dict[str, str]:
        """Tell the requests whose bids lost, without fault, and when the market decided that."""
        rows = self._db.execute(
            "SELECT request, decided_at FROM bid WHERE state = 'lost' AND problem = ''"
        )
        return dict(rows.fetchall())

    def holding(self, bids: Iterable[str]) -> list[Entry]:
        """Tell the entries of bids, by their digests, as far as they stand here."""
        return [entry for bid in bids for entry in self._entries("digest", bid)]

    def in_state(self, *states: State) -> list[Entry]:
        return [entry for state in states for entry in self._entries("state", state)]

    def committed(self, stock_as_of: datetime) -> dict[StockKey, Commitment]:
        """Add up the units that stand in open bids, and those won since the stock was counted."""
        rows = self._db.execute(
            "SELECT sku, place, sum(units * (state <> 'won')), sum(units * (state = 'won')) FROM bid"
            " WHERE state IN ('prepared', 'sent') OR (state = 'won' AND settled_at >= ?)"
            " GROUP BY sku, place",
            (format_instant(stock_as_of),),
        )
        return {StockKey(sku, place): Commitment(opened, won) for sku, place, opened, won in rows}

    def _entries(self, column: Literal["request", "state", "digest"], value: str) -> list[Entry]:
        rows = self._db.execute(_SELECT[column], (value,))
        return [
            Entry(request, digest, document, seq, StockKey(sku, place), units, at, state, problem)
            for request, digest, document, seq, sku, place, units, at, state, problem, _ in rows
        ]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
