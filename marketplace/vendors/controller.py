"""Vendors over HTTP."""

from litestar import Controller, Response, get, post

from marketplace.http.paging import Page
from marketplace.http.parameters import Body, Invitation, TheMarket, ThePage, Word
from marketplace.vendors import service
from marketplace.vendors.schemas import CapacityStored, VendorStored, VendorView
from vrm.documents import Capacity, VendorProfile


class VendorsController(Controller):
    tags = ["vendors"]

    @post("/vendors", opt={"body": VendorProfile, "also": 200})
    async def register(
        self,
        market: TheMarket,
        json_body: Body,
        invitation: Invitation = None,
    ) -> Response[VendorStored]:
        """Register a vendor, or replace its profile by a newer one."""
        answer, new = await service.register(market, json_body, invitation)
        return Response(answer, status_code=201 if new else 200)

    @get("/vendors")
    async def list_all(self, market: TheMarket, asked: ThePage) -> Response[Page[VendorView]]:
        """List all vendors."""
        page = await service.list_all(market, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/vendors/{did:str}")
    async def show(self, market: TheMarket, did: Word) -> VendorView:
        """Show one vendor with its reputation."""
        return await service.show(market, did)

    @post("/capacities", opt={"body": Capacity, "also": 200})
    async def set_capacity(self, market: TheMarket, json_body: Body) -> Response[CapacityStored]:
        """Say how many requests a place takes on a date."""
        answer, new = await service.set_capacity(market, json_body)
        return Response(answer, status_code=201 if new else 200)
