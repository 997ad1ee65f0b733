"""What customers told the vendor, and what both sides signed for it, kept in the vendor's own ledger.

The market forgets after a while what was sealed. Who handles somebody's address must be able to show under
which terms it came: the request, the bid that repeats its terms, the assignment, the acceptance, the text of
the agreement, and the Disclosure stay together here.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from vrm.client.agreements import text_of
from vrm.client.disclosures import Disclosed
from vrm.client.vendor import VendorClient

SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS contract (
    request    TEXT PRIMARY KEY,
    disclosure TEXT NOT NULL,
    document   BLOB NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 3;
COMMIT;
"""

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


class Contracts:
    """The record of contracts in a vendor's ledger; one for each request, with the newest Disclosure.

    Args:
        db: the ledger's connection.
        transaction: opens a writing transaction on it.
    """

    def __init__(self, db: sqlite3.Connection, transaction: Transaction) -> None:
        self._db, self._transaction = db, transaction

    def keep(self, request: str, disclosure: str, document: dict[str, Any]) -> None:
        """Keep a contract in the place of the one that its request had."""
        row = (request, disclosure, msgspec.json.encode(document))
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO contract VALUES (?, ?, ?)", row)

    def known(self) -> set[str]:
        """The digests of the Disclosures that are kept."""
        return {row[0] for row in self._db.execute("SELECT disclosure FROM contract")}

    def all(self) -> list[msgspec.Raw]:
        """All contracts, by request."""
        rows = self._db.execute("SELECT document FROM contract ORDER BY request")
        return [msgspec.Raw(row[0]) for row in rows]


async def keep_new(client: VendorClient, contracts: Contracts) -> list[Disclosed]:
    """Read what customers told, and keep what is new with what it stands on; answers all that was read."""
    found = [one async for one in client.disclosures()]
    known = contracts.known()
    new = [one for one in found if one.told is not None and one.disclosure.digest not in known]
    bids: dict[str, bytes] = {}
    for day in sorted({one.assignment.body.day for one in new}):
        bids |= {bid.digest: bid.wire async for bid in client.my_bids(day)}
    market = (await client.descriptor()).market
    for one in new:
        terms = one.request.body.terms
        contracts.keep(
            one.request.digest,
            one.disclosure.digest,
            {
                "request": msgspec.Raw(one.request.wire),
                "bid": msgspec.Raw(bids.get(one.assignment.body.bid, b"null")),
                "assignment": msgspec.Raw(one.assignment.wire),
                "acceptance": msgspec.Raw(client.acceptance(market, one.assignment.digest).wire),
                "terms": {
                    "id": terms.id,
                    "digest": terms.digest,
                    "text": await text_of(client, terms),
                },
                "told": one.told,
                "document": msgspec.Raw(one.disclosure.wire),
            },
        )
    return found
