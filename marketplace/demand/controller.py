"""Unfilled demand over HTTP."""

from litestar import Controller, Response, get

from marketplace.demand import service
from marketplace.demand.schemas import DemandView
from marketplace.http.paging import Page
from marketplace.http.parameters import TheMarket, ThePage, Word


class DemandController(Controller):
    tags = ["runs"]

    @get("/runs/{day:str}/demand")
    async def list_groups(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[DemandView]]:
        """List what a day left unfilled, by category and area, in groups large enough to tell of."""
        page = await service.list_groups(market, day, asked.cursor, asked.limit)
        return asked.answer(page)
