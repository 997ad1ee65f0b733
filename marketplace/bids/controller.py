"""Bids over HTTP."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromQuery

from marketplace.bids import service
from marketplace.bids.schemas import BatchAnswer, BidStored, OwnBid
from marketplace.http.paging import DEFAULT_LIMIT, Page, answer_page
from marketplace.http.parameters import Body, Cursor, Limit, Reader, TheMarket
from vrm.documents import Bid, BidWithdrawal


class BidsController(Controller):
    tags = ["bids"]

    @post("/bids", opt={"body": Bid, "also": 200})
    async def submit(self, market: TheMarket, document_body: Body) -> Response[BidStored]:
        """Bid on a request; the newest bid of a vendor on a request counts."""
        answer, new = await service.submit(market, document_body)
        return Response(answer, status_code=201 if new else 200)

    @post("/bids/batch", status_code=200, opt={"bodies": ("bids", Bid)})
    async def submit_batch(self, market: TheMarket, batch_body: Body) -> BatchAnswer:
        """Send up to 1000 bids; the good ones are kept, each bad one is told why."""
        return await service.submit_batch(market, batch_body)

    @post("/bid-withdrawals", opt={"body": BidWithdrawal, "also": 200})
    async def withdraw(self, market: TheMarket, document_body: Body) -> Response[BidStored]:
        """Take a live bid back, until bids close."""
        answer, new = await service.withdraw(market, document_body)
        return Response(answer, status_code=201 if new else 200)

    @get("/vendors/self/bids", opt={"signed": True})
    async def list_own(
        self,
        request: Request[Any, Any, Any],
        market: TheMarket,
        reading_vendor: Reader,
        day: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[OwnBid]]:
        """List the reading vendor's own bids and what became of each."""
        page = await service.list_own(market, reading_vendor, day, cursor, limit)
        return answer_page(request, page, page.next)
