"""Unfilled demand over HTTP."""

from typing import Any

from litestar import Controller, Request, Response, get

from marketplace.demand import service
from marketplace.demand.schemas import DemandView
from marketplace.http.paging import DEFAULT_LIMIT, Page, answer_page
from marketplace.http.parameters import Cursor, Limit, TheMarket, Word


class DemandController(Controller):
    tags = ["runs"]

    @get("/runs/{day:str}/demand")
    async def list_groups(
        self,
        request: Request[Any, Any, Any],
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[DemandView]]:
        """List what a day left unfilled, by category and area, in groups large enough to tell of."""
        page = await service.list_groups(market, day, cursor, limit)
        return answer_page(request, page, page.next)
