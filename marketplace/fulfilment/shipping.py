"""What vendors say of what they accepted."""

from marketplace.db import take_turns
from marketplace.fulfilment import repository
from marketplace.fulfilment.rules import check_shipment
from marketplace.fulfilment.schemas import ShipmentStored
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from vrm.documents import Shipment, read


async def ship(market: Market, raw: bytes) -> tuple[ShipmentStored, bool]:
    """Let a customer know that an order is on its way, or ready; tells whether this call did it.

    Raises:
        Refused: see `rules.check_shipment`.
    """
    shipment = read(raw, Shipment)
    body = shipment.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        known = await repository.find_shipment(connection, body.request)
        new = known is None or known.digest != shipment.digest
        if new:
            held = await repository.hold(connection, [body.request])
            check_shipment(body, await repository.find_assignment(connection, body.assignment))
            delivery = held[body.request]
            now = await market.db.now(connection)
            row = {
                "request": body.request,
                "vendor": body.vendor,
                "digest": shipment.digest,
                "wire": shipment.wire,
            }
            await repository.add_shipment(connection, row)
            state = body.state if delivery.state == "accepted" else delivery.state
            change = {"shipped_at": now, "state": state}
            await repository.change(connection, {body.request: change})
            await log.put(connection, [shipment.digest])
            await mail.put(connection, "shipment", [shipment.digest])
    return ShipmentStored(assignment=body.assignment, shipment=shipment.digest), new
