"""What a vendor says of what it accepted, and what has become of it."""

from collections.abc import AsyncIterator
from typing import Literal

import msgspec
from msgspec import UNSET

from vrm.client.disclosures import DisclosuresClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import Handover, Promise, Shipment, Signed, VendorCancellation, sign
from vrm.documents.padding import WRITES, padded
from vrm.errors import MarketMisbehaved

State = Literal[
    "accepted",
    "shipped",
    "ready",
    "received",
    "not-received",
    "cancelled",
    "vendor-cancelled",
    "lapsed",
    "closed",
]


class Delivery(msgspec.Struct, frozen=True):
    """An assignment that this vendor accepted, by its digest, and how it stands, as the market says."""

    assignment: str
    request: str
    day: str
    state: State
    accepted_at: str
    disclosed_at: str | None
    ship_by: str | None
    """When a Shipment after it is late; none until it is known whom to deliver to."""
    overdue: bool
    shipped_at: str | None
    ended_at: str | None


class ShipmentStored(msgspec.Struct, frozen=True):
    """The market's answer to a Shipment; ``shipment`` is the document's digest."""

    assignment: str
    shipment: str


class VendorCancellationStored(msgspec.Struct, frozen=True):
    """The market's answer to a cancellation; ``cancellation`` is the document's digest."""

    assignment: str
    cancellation: str


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

    async def cancel(
        self, given: OwnAssignment, reason: str | None = None
    ) -> VendorCancellationStored:
        """Take an acceptance back: it counts against this vendor, unless it is overdue anyway.

        Args:
            reason: a word to the customer; it is public.

        Raises:
            MarketRefused: among others ``already-shipped``, ``delivery-ended``.
        """
        word = VendorCancellation(
            market=(await self.descriptor()).market,
            vendor=self.did,
            request=given.assignment.request,
            assignment=given.digest,
            reason=reason or UNSET,
        )
        return await self.post(
            "/vendor-cancellations", sign(word, self._signer), VendorCancellationStored
        )

    async def hand_over(self, handover: Signed[Handover]) -> Signed[Promise]:
        """Bring what a customer signed at the counter; the promise names the instant from which on it counts.

        Raises:
            MarketRefused: among others ``already-received``, ``delivery-ended``.
            MarketMisbehaved: the promise is for another document.
        """
        await self.descriptor()
        raw = await self.send("POST", "/handovers", body=padded(handover.wire, WRITES))
        promise = self.by_market(raw, Promise)
        if promise.body.document != handover.digest:
            raise MarketMisbehaved("The market's promise is for another document.")
        return promise
