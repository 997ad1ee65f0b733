"""What a monitor checks of the log: its head, its files, receipts, and another monitor's head."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import crypto
from marketplace.errors import MarketError
from marketplace.monitor.state import Alarm, Watched
from vrm.client.base import MarketClient
from vrm.client.log import Head, LogReader
from vrm.documents import Receipt, Signed
from vrm.documents import read as read_document
from vrm.documents.scalars import parse_instant
from vrm.errors import InvalidDocument, LogFault, MarketRefused

BLOCK = 1 << 16
"""Leaves that are read and proven at a time."""


async def newest_head(client: MarketClient, watched: Watched) -> tuple[Head | None, list[Alarm]]:
    """The log's head, if it grew out of the one that was kept."""
    market = await client.descriptor()
    if (market.log, market.seed_anchor) != (watched.log, watched.anchor):
        told = "The market's descriptor names another log or another chain of seeds than before."
        return None, [Alarm(code="descriptor", subject="log", detail=told)]
    try:
        return await LogReader(client).head(watched.head), []
    except LogFault as fault:
        return None, [of_fault(fault)]
    except MarketRefused as refusal:
        if refusal.code != "empty-log":
            raise
        if not watched.head:
            return None, []
        told = "The market shows no log, and it had one."
        return None, [Alarm(code="rollback", subject="log", detail=told, notes=(watched.head,))]


async def check_files(client: MarketClient, watched: Watched, head: Head) -> list[Alarm]:
    """Read every leaf that is new out of the log's public files, and prove it against the head."""
    reader = LogReader(client)
    try:
        while watched.held < head.size:
            count = min(BLOCK, head.size - watched.held)
            await reader.read([(watched.held, count)], head)
            watched.held += count
    except LogFault as fault:
        return [of_fault(fault)]
    return []


def receipts_in(folder: Path, market: str) -> list[Signed[Receipt]]:
    """Read a folder of receipts, one signed document to a ``.json`` file.

    Raises:
        MarketError: a file is no receipt of this market's.
    """
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            receipt = read_document(file.read_bytes(), Receipt)
        except (crypto.CryptoError, InvalidDocument) as error:
            raise MarketError(f"{file}: {error}") from None
        if receipt.body.market != market:
            raise MarketError(f"{file} is another market's receipt.")
        found.append(receipt)
    return found


async def check_receipts(
    client: MarketClient,
    watched: Watched,
    head: Head,
    receipts: Iterable[Signed[Receipt]],
    now: datetime,
    grace: timedelta,
) -> list[Alarm]:
    """Look for the documents of receipts whose time has come."""
    alarms: list[Alarm] = []
    for receipt in receipts:
        document = receipt.body.document
        if document in watched.found or parse_instant(receipt.body.logged_by) + grace >= now:
            continue
        try:
            await LogReader(client).find(document, head)
        except LogFault as fault:
            told = f"The receipt promised it by {receipt.body.logged_by}: {fault}"
            alarms.append(
                Alarm(code="missing-receipt", subject=document, detail=told, notes=(head.note,))
            )
        else:
            watched.found.append(document)
    return alarms


async def compare(client: MarketClient, head: Head, note: str) -> list[Alarm]:
    """Hold another monitor's head against this one's: one of them must have grown out of the other.

    Raises:
        MarketError: it is no head of this log.
    """
    reader = LogReader(client)
    try:
        other = await reader.verified(note)
    except LogFault as fault:
        raise MarketError(f"The other monitor's head: {fault}") from None
    old, new = sorted((head, other), key=lambda one: one.size)
    try:
        await reader.require_growth(old, new)
    except (LogFault, MarketRefused) as fault:
        told = f"Two monitors were shown two histories ({old.size} and {new.size} leaves): {fault}"
        notes = (old.note, new.note)
        return [Alarm(code="split-view", subject="log", detail=told, notes=notes)]
    return []


def of_fault(fault: LogFault) -> Alarm:
    """The alarm that a fault of the log is."""
    return Alarm(code=fault.code, subject="log", detail=str(fault), notes=fault.notes)
