"""Fulfilment over HTTP: what customers post is anonymous, what vendors read is signed."""

import msgspec
from litestar import Controller, Response, get, post

from marketplace.fulfilment import service
from marketplace.fulfilment.schemas import ConfirmationView, DisclosureView
from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage
from vrm.documents import Confirmation, Disclosure, Promise


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

    @get("/vendors/self/confirmations", opt={"signed": True})
    async def list_confirmations(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[ConfirmationView]]:
        """List what customers said of the reading vendor's deliveries; keep `resume` to follow."""
        page = await service.list_confirmations(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/vendors/self/disclosures", opt={"signed": True})
    async def list_disclosures(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[DisclosureView]]:
        """List what customers disclosed to the reading vendor, oldest first; keep `resume` to follow."""
        page = await service.list_disclosures(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)
