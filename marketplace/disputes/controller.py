"""Disputes over HTTP: what customers post is anonymous, what vendors read is signed."""

import msgspec
from litestar import Controller, Response, get, post

from marketplace.disputes import service
from marketplace.disputes.schemas import DisputeStored, DisputeView
from marketplace.http.paging import Page
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage
from vrm.documents import Dispute, Promise, VendorDispute


class DisputesController(Controller):
    tags = ["disputes"]

    @post(
        "/disputes",
        status_code=202,
        opt={"body": Dispute, "answer": Promise, "anonymous": True},
    )
    async def dispute(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Open a dispute about an accepted assignment, or answer its vendor's; the answer promises by when."""
        promise = await service.dispute(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post("/vendor-disputes", opt={"body": VendorDispute, "also": 200})
    async def dispute_as_vendor(
        self, market: TheMarket, json_body: Body
    ) -> Response[DisputeStored]:
        """Open a dispute about an assignment that the signing vendor has accepted, or answer its customer's."""
        stored, new = await service.dispute_as_vendor(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @get("/vendors/self/disputes", opt={"signed": True})
    async def list_disputes(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[Page[DisputeView]]:
        """List the disputes about the reading vendor's assignments, oldest first."""
        page = await service.list_disputes(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)
