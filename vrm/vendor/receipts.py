"""The market's receipts, kept beside the bids and held against the log.

A receipt says by when the log holds a document. Once that instant has passed, the document is looked for in the
log, with a proof; where it is missing, the receipt and the log's signed head together convict the market, and
the fault stays in the record. The head that was seen last is kept, so that a log that is rolled back, or shows
this vendor another history, is noticed too.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vrm.client.base import MarketClient
from vrm.client.log import Head, LogReader
from vrm.documents import Receipt, Signed
from vrm.documents.scalars import format_instant
from vrm.errors import LogFault, MarketRefused

SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS receipt (
    document  TEXT PRIMARY KEY,
    logged_by TEXT NOT NULL,
    wire      BLOB NOT NULL,
    position  INTEGER,
    fault     TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS receipt_due ON receipt (logged_by) WHERE position IS NULL;
CREATE TABLE IF NOT EXISTS head (id INTEGER PRIMARY KEY CHECK (id = 1), note TEXT NOT NULL);
PRAGMA user_version = 2;
COMMIT;
"""

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True)
class Fault:
    """A receipt that the log does not bear out, or a log that is not what it was."""

    document: str
    """The digest of the document whose receipt it is; empty where the log as a whole is at fault."""
    code: str
    """The `LogFault`'s."""
    detail: str


class Receipts:
    """The record of receipts in a vendor's ledger.

    Args:
        db: the ledger's connection.
        transaction: opens a writing transaction on it.
    """

    def __init__(self, db: sqlite3.Connection, transaction: Transaction) -> None:
        self._db, self._transaction = db, transaction

    def keep(self, receipts: Iterable[Signed[Receipt]]) -> None:
        """Keep receipts; one that is known stays as it is."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO receipt (document, logged_by, wire) VALUES (?, ?, ?)",
                [(one.body.document, one.body.logged_by, one.wire) for one in receipts],
            )

    def due(self, now: datetime) -> list[str]:
        """The documents that the log should hold by now and that were not found there yet."""
        rows = self._db.execute(
            "SELECT document FROM receipt WHERE position IS NULL AND logged_by <= ?"
            " ORDER BY logged_by, document",
            (format_instant(now),),
        )
        return [document for (document,) in rows]

    def __contains__(self, document: str) -> bool:
        """Tell whether there is a receipt for a document."""
        query = "SELECT 1 FROM receipt WHERE document = ?"
        return self._db.execute(query, (document,)).fetchone() is not None

    def counts(self) -> tuple[int, int]:
        """How many receipts there are, and how many of their documents were found in the log."""
        query = "SELECT count(*), count(position) FROM receipt"
        kept, found = self._db.execute(query).fetchone()
        return int(kept), int(found)

    def faults(self) -> list[Fault]:
        """The faults that stand."""
        query = "SELECT document, fault FROM receipt WHERE fault <> '' ORDER BY document"
        return [
            Fault(document, *fault.split(" ", 1)) for document, fault in self._db.execute(query)
        ]

    def head(self) -> str:
        """The note of the head that was seen last; empty before the first."""
        row = self._db.execute("SELECT note FROM head").fetchone()
        return "" if row is None else str(row[0])

    def record(self, head: str, found: Iterable[tuple[str, int]], faults: Iterable[Fault]) -> None:
        """Store what a check came to: the head, positions by document, and faults."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (head,))
            db.executemany(
                "UPDATE receipt SET position = ?, fault = '' WHERE document = ?",
                [(position, document) for document, position in found],
            )
            db.executemany(
                "UPDATE receipt SET fault = ? WHERE document = ?",
                [(f"{fault.code} {fault.detail}", fault.document) for fault in faults],
            )


async def check(client: MarketClient, receipts: Receipts, now: datetime) -> list[Fault]:
    """Hold the receipts that are due against the log; answers the faults, new and old.

    Where the log itself is at fault, that is the first answer, and the head that was kept stays.

    Args:
        now: the market's time.

    Raises:
        MarketUnreachable: no answer; what was known stays.
    """
    due = receipts.due(now)
    if not due and not receipts.head():
        return receipts.faults()
    reader = LogReader(client)
    try:
        head = await reader.head(receipts.head())
    except MarketRefused as refusal:
        if refusal.code != "empty-log":
            raise
        code = "rollback" if receipts.head() else "missing"
        return [Fault("", code, "The market shows no log."), *receipts.faults()]
    except LogFault as fault:
        return [Fault("", fault.code, str(fault)), *receipts.faults()]
    found, faults = await _look_for(due, reader, head)
    receipts.record(head.note, found.items(), faults)
    return receipts.faults()


async def _look_for(
    due: list[str], reader: LogReader, head: Head
) -> tuple[dict[str, int], list[Fault]]:
    """Where documents stand, together as long as the log does not show another than it should."""
    try:
        found = await reader.find_together(due, head)
    except LogFault:
        found = {}  # find out which of them are at fault
    faults: list[Fault] = []
    for document in due:
        try:
            if document not in found:
                found[document] = await reader.find(document, head)
        except LogFault as fault:
            faults.append(Fault(document, fault.code, str(fault)))
    return found, faults
