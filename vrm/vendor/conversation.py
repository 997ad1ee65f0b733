"""What the vendor and its customers wrote to each other, kept in the vendor's own ledger.

The market forgets after a while what it could never read. Here the signed messages of both sides stay, so that
the vendor can show later what was said.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from vrm.documents import Said, Shown
from vrm.errors import UsageError

SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS message (
    digest     TEXT PRIMARY KEY,
    assignment TEXT NOT NULL,
    number     INTEGER NOT NULL,
    mine       INTEGER NOT NULL,
    document   BLOB NOT NULL,
    inside     BLOB,
    fault      TEXT NOT NULL DEFAULT '',
    at         TEXT NOT NULL,
    sent       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_assignment ON message (assignment);
PRAGMA user_version = 4;
COMMIT;
"""

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True)
class Line:
    """A message of either side."""

    digest: str
    assignment: str
    number: int
    mine: bool
    document: bytes
    inside: bytes | None
    """The signed message; None where the customer sealed something else than it should have."""
    fault: str
    at: str
    """When it was written, or read."""
    sent: bool

    @property
    def text(self) -> str | None:
        """What it says."""
        if self.inside is None:
            return None
        content = msgspec.json.decode(self.inside)["content"]
        return msgspec.convert(content, Said).text


class Conversation:
    """The record of messages in a vendor's ledger.

    Args:
        db: the ledger's connection.
        transaction: opens a writing transaction on it.
    """

    def __init__(self, db: sqlite3.Connection, transaction: Transaction) -> None:
        self._db, self._transaction = db, transaction

    def keep(self, lines: list[Line]) -> list[Line]:
        """Keep what is not here yet, and answer it."""
        new = []
        with self._transaction() as db:
            for line in lines:
                added = db.execute(
                    "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(line.digest, line.assignment, line.number, line.mine),
                        *(line.document, line.inside, line.fault, line.at, line.sent),
                    ),
                )
                new += [line] if added.rowcount else []
        return new

    def sent(self, digest: str) -> None:
        """Note that the market has a message."""
        with self._transaction() as db:
            db.execute("UPDATE message SET sent = 1 WHERE digest = ?", (digest,))

    def forget_from(self, assignment: str, number: int) -> None:
        """Forget the vendor's own unsent messages about an assignment from a number on."""
        with self._transaction() as db:
            db.execute(
                "DELETE FROM message WHERE mine AND NOT sent AND assignment = ? AND number >= ?",
                (assignment, number),
            )

    def about(self, assignment: str) -> list[Line]:
        """The messages of both sides about an assignment, in order of time."""
        return self._lines("WHERE assignment = ?", assignment)

    def shown(self, assignment: str, numbers: Sequence[int], *, mine: bool) -> list[Shown]:
        """Messages of one side about an assignment, by their numbers, as a dispute shows them.

        Raises:
            UsageError: there is no such message here.
        """
        side = [line for line in self.about(assignment) if line.mine == mine]
        known = {line.number: line for line in side if line.inside is not None}
        found = []
        for number in numbers:
            if number not in known:
                by = "you" if mine else "the customer"
                raise UsageError(f"There is no message {number} by {by}; see: vendor messages")
            line = known[number]
            found.append(
                Shown(document=line.digest, inside=msgspec.json.decode(line.inside or b""))
            )
        return found

    def all(self) -> list[Line]:
        """All messages, in order of time."""
        return self._lines("")

    def _lines(self, where: str, *values: Any) -> list[Line]:
        rows = self._db.execute(
            f"SELECT * FROM message {where} ORDER BY at, mine, assignment, number",  # noqa: S608 - fixed
            values,
        )
        return [
            Line(digest, assignment, number, bool(mine), document, inside, fault, at, bool(sent))
            for digest, assignment, number, mine, document, inside, fault, at, sent in rows
        ]
