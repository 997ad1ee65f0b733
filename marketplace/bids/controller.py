"""Bids over HTTP."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.params import QueryParameter

from marketplace.bids import service
from marketplace.bids.schemas import BatchAnswer, BidStored, OwnBid
from marketplace.http.bodies import MAX_BATCH_BYTES
from marketplace.http.paging import Page
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage
from vrm.documents import Bid, BidWithdrawal


class BidsController(Controller):
    tags = ["bids"]

    @post("/bids", opt={"body": Bid, "also": 200})
    async def submit(self, market: TheMarket, json_body: Body) -> Response[BidStored]:
        """Bid on a request; the newest bid of a vendor on a request counts."""
        answer, new = await service.submit(market, json_body)
        return Response(answer, status_code=201 if new else 200)

    @post(
        "/bids/batch",
        status_code=200,
        request_max_body_size=MAX_BATCH_BYTES,
        opt={"bodies": ("bids", Bid)},
    )
    async def submit_batch(self, market: TheMarket, json_body: Body) -> BatchAnswer:
        """Send up to 1000 bids; the good ones are kept, each bad one is told why."""
        return await service.submit_batch(market, json_body)

    @post("/bid-withdrawals", opt={"body": BidWithdrawal, "also": 200})
    async def withdraw(self, market: TheMarket, json_body: Body) -> Response[BidStored]:
        """Take a live bid back, until bids close."""
        answer, new = await service.withdraw(market, json_body)
        return Response(answer, status_code=201 if new else 200)

    @get("/vendors/self/bids", opt={"signed": True})
    async def list_own(
        self,
        market: TheMarket,
        asked: ThePage,
        reading_vendor: Reader,
        day: Annotated[str | None, QueryParameter(pattern=r"^[0-9#-]{10,13}$")] = None,
    ) -> Response[Page[OwnBid]]:
        """List the reading vendor's own bids and what became of each."""
        page = await service.list_own(market, reading_vendor, day, asked.cursor, asked.limit)
        return asked.answer(page)
