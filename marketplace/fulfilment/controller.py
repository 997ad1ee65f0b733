"""Fulfilment over HTTP: what customers post is anonymous, what vendors read is signed."""

import msgspec
from litestar import Controller, Response, get, post

from marketplace.fulfilment import reading, service, shipping
from marketplace.fulfilment.schemas import (
    CancellationView,
    ConfirmationView,
    DeliveryView,
    DisclosureView,
    ShipmentStored,
    VendorCancellationStored,
)
from marketplace.http.paging import FollowedPage, Page
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage
from vrm.documents import (
    Cancellation,
    Confirmation,
    Disclosure,
    Handover,
    Promise,
    Shipment,
    VendorCancellation,
)


class FulfilmentController(Controller):
    tags = ["fulfilment"]

    @post(
        "/disclosures",
        status_code=202,
        opt={"body": Disclosure, "answer": Promise, "anonymous": True},
    )
    async def disclose(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Tell the vendor that accepted whom to deliver to, sealed; the answer promises by when it has it."""
        promise = await service.disclose(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post(
        "/confirmations",
        status_code=202,
        opt={"body": Confirmation, "answer": Promise, "anonymous": True},
    )
    async def confirm(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Say whether what was assigned came; the answer promises by when that counts."""
        promise = await service.confirm(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post(
        "/cancellations",
        status_code=202,
        opt={"body": Cancellation, "answer": Promise, "anonymous": True},
    )
    async def cancel(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Want it no more; the answer promises by when that counts, unless the vendor ships before."""
        promise = await service.cancel(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post(
        "/handovers",
        status_code=202,
        opt={"body": Handover, "answer": Promise, "anonymous": True},
    )
    async def hand_over(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Bring what a customer signed at the counter: that it has what was assigned."""
        promise = await service.hand_to_customer(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post("/shipments", opt={"body": Shipment, "also": 200})
    async def ship(self, market: TheMarket, json_body: Body) -> Response[ShipmentStored]:
        """Tell the customer that an order is on its way, or ready to be picked up."""
        stored, new = await shipping.ship(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @post("/vendor-cancellations", opt={"body": VendorCancellation, "also": 200})
    async def cancel_as_vendor(
        self, market: TheMarket, json_body: Body
    ) -> Response[VendorCancellationStored]:
        """Take an Acceptance back: it counts against the vendor, and its unit is burnt for the date."""
        stored, new = await shipping.cancel(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @get("/vendors/self/deliveries", opt={"signed": True})
    async def list_deliveries(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[Page[DeliveryView]]:
        """List what has become of what the reading vendor accepted, oldest first."""
        page = await reading.list_deliveries(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/vendors/self/confirmations", opt={"signed": True})
    async def list_confirmations(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[ConfirmationView]]:
        """List what customers said of the reading vendor's deliveries; keep `resume` to follow."""
        page = await reading.list_confirmations(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/vendors/self/disclosures", opt={"signed": True})
    async def list_disclosures(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[DisclosureView]]:
        """List what customers disclosed to the reading vendor, oldest first; keep `resume` to follow."""
        page = await reading.list_disclosures(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/vendors/self/cancellations", opt={"signed": True})
    async def list_cancellations(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[CancellationView]]:
        """List what the reading vendor's customers want no more; keep `resume` to follow."""
        page = await reading.list_cancellations(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)
