"""Messages over HTTP: what customers post is anonymous, what vendors read is signed."""

import msgspec
from litestar import Controller, Response, get, post

from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage
from marketplace.messages import service
from marketplace.messages.schemas import MessageStored, MessageView
from vrm.documents import Message, Promise, VendorMessage


class MessagesController(Controller):
    tags = ["messages"]

    @post(
        "/messages",
        status_code=202,
        opt={"body": Message, "answer": Promise, "anonymous": True},
    )
    async def send(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Write to the vendor that accepted, sealed; the answer promises by when it has it."""
        promise = await service.send(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post("/vendor-messages", opt={"body": VendorMessage, "also": 200})
    async def send_as_vendor(self, market: TheMarket, json_body: Body) -> Response[MessageStored]:
        """Write to the customer of an assignment that the signing vendor has accepted, sealed."""
        stored, new = await service.send_as_vendor(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @get("/vendors/self/messages", opt={"signed": True})
    async def list_messages(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[MessageView]]:
        """List what customers wrote to the reading vendor, oldest first; keep `resume` to follow."""
        page = await service.list_messages(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)
