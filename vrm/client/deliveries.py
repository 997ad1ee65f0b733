"""What a vendor says of what it accepted, and what has become of it."""

from collections.abc import AsyncIterator
from typing import Literal

import msgspec

from vrm.client.disclosures import DisclosuresClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import Shipment, sign

State = Literal["accepted", "shipped", "ready", "received", "not-received"]


class Delivery(msgspec.Struct, frozen=True):
    """An assignment that this vendor accepted, by its digest, and how it stands, as the market says."""

    assignment: str
    request: str
    day: str
    state: State
    accepted_at: str
    disclosed_at: str | None
    shipped_at: str | None
    ended_at: str | None


class ShipmentStored(msgspec.Struct, frozen=True):
    """The market's answer to a Shipment; ``shipment`` is the document's digest."""

    assignment: str
    shipment: str


class DeliveriesClient(DisclosuresClient):
    """A vendor that delivers."""

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """List what has become of what this vendor accepted, oldest first."""
        async for entry in self.each("/vendors/self/deliveries", Delivery, signed=True):
            yield entry

    async def ship(self, given: OwnAssignment) -> ShipmentStored:
        """Let the customer know that an order is on its way, or ready if it is to be picked up.

        Raises:
            MarketRefused: among others ``not-disclosed``, ``already-shipped``.
        """
        word = Shipment(
            market=(await self.descriptor()).market,
            vendor=self.did,
            request=given.assignment.request,
            assignment=given.digest,
            state="ready" if given.assignment.delivery == "pickup" else "shipped",
        )
        return await self.post("/shipments", sign(word, self._signer), ShipmentStored)
