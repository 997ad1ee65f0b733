"""What vendors say of what they accepted."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import take_turns
from marketplace.fulfilment import repository
from marketplace.fulfilment.repository import Said
from marketplace.fulfilment.rules import (
    Given,
    VendorsWord,
    after_vendors_word,
    check_vendors_word,
    is_late,
)
from marketplace.fulfilment.schemas import ShipmentStored, VendorCancellationStored
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.models.fulfilment import StoredShipment, StoredVendorCancellation
from marketplace.reputation import service as reputation
from vrm.documents import Shipment, Signed, VendorCancellation, read
from vrm.documents.mail import Purpose


async def ship(market: Market, raw: bytes) -> tuple[ShipmentStored, bool]:
    """Let a customer know that an order is on its way, or ready; tells whether this call did it.

    In time it speaks for its vendor, late against it.

    Raises:
        Refused: see `rules.check_vendors_word`.
    """
    shipment = read(raw, Shipment)
    new = await _say(market, shipment, StoredShipment, "shipment")
    stored = ShipmentStored(assignment=shipment.body.assignment, shipment=shipment.digest)
    return stored, new


async def cancel(market: Market, raw: bytes) -> tuple[VendorCancellationStored, bool]:
    """Let a customer know that its vendor will not deliver; tells whether this call did it.

    It speaks against the vendor, and the customer's posting token comes back as a stamp.

    Raises:
        Refused: see `rules.check_vendors_word`.
    """
    cancellation = read(raw, VendorCancellation)
    new = await _say(market, cancellation, StoredVendorCancellation, "vendor-cancellation")
    stored = VendorCancellationStored(
        assignment=cancellation.body.assignment, cancellation=cancellation.digest
    )
    return stored, new


async def _say(market: Market, word: Signed[VendorsWord], table: Said, purpose: Purpose) -> bool:
    body = word.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        known = await repository.said(connection, table, body.request)
        if known is not None and known.digest == word.digest:
            return False
        held = await repository.hold(connection, [body.request])
        now = await market.db.now(connection)
        found = held.get(body.request)
        if found is None or found.assignment != body.assignment:
            found = await repository.find_assignment(connection, body.assignment)
        given = check_vendors_word(body, found, now)
        changes, good = after_vendors_word(body, given, now, market.rules.fulfilment)
        row: dict[str, Any] = {
            "request": body.request,
            "vendor": body.vendor,
            "digest": word.digest,
            "wire": word.wire,
        }
        if isinstance(body, Shipment):
            row["late"] = given.overdue or is_late(now, given)
        await repository.add_said(connection, table, row)
        await repository.change(connection, {body.request: changes})
        await log.put(connection, [word.digest])
        await mail.put(market, connection, purpose, [word.digest])
        if good is not None:
            await _take_as_evidence(market, connection, word.digest, given, now, good=good)
    return True


async def _take_as_evidence(
    market: Market, connection: AsyncConnection, digest: str, given: Given, now: int, *, good: bool
) -> None:
    [piece] = await repository.pieces(connection, [given.request])
    today = market.calendar.local_date(now)
    await reputation.record(connection, [piece._replace(document=digest)], today, good=good)
