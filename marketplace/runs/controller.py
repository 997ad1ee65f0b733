"""Runs over HTTP. A ``#`` in a day's name is written ``%23`` in a path."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get

from marketplace.http.paging import DEFAULT_LIMIT, Page, answer_page
from marketplace.http.parameters import Cursor, Limit, TheMarket, Word
from marketplace.runs import explaining, reading
from marketplace.runs.schemas import (
    ExplanationView,
    RunBid,
    RunItemView,
    RunPlaceView,
    RunPreferenceView,
    RunRequest,
    RunView,
    UnfilledView,
)

Asked = Request[Any, Any, Any]


class RunsController(Controller):
    tags = ["runs"]

    @get("/runs")
    async def list_runs(
        self,
        request: Asked,
        market: TheMarket,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[RunView]]:
        """List the runs, newest first."""
        page = await reading.list_runs(market, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}")
    async def show_run(self, market: TheMarket, day: Word) -> RunView:
        """Show one run and its signed report."""
        return await reading.show_run(market, day)

    @get("/runs/{day:str}/requests")
    async def list_requests(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[RunRequest]]:
        """List the requests that the run resolved."""
        page = await reading.list_requests(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/bids")
    async def list_bids(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[RunBid]]:
        """List the bids that were live at the close."""
        page = await reading.list_bids(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/places")
    async def list_places(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[RunPlaceView]]:
        """List the places as the run froze them."""
        page = await reading.list_places(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/preferences")
    async def list_preferences(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[RunPreferenceView]]:
        """List the customers' own orders that the run decided by."""
        page = await reading.list_preferences(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/assignments")
    async def list_assignments(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[msgspec.Raw]]:
        """List the signed assignments."""
        page = await reading.list_assignments(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/unfilled")
    async def list_unfilled(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[UnfilledView]]:
        """List the requests that nobody got, and why."""
        page = await reading.list_unfilled(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/items")
    async def list_items(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[RunItemView]]:
        """List the requests that name catalogue items, and the versions that counted."""
        page = await reading.list_items(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/fallbacks")
    async def list_fallbacks(
        self,
        request: Asked,
        market: TheMarket,
        day: Word,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[Page[msgspec.Raw]]:
        """List the signed fallbacks: what went to the principals of items."""
        page = await reading.list_fallbacks(market, day, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/runs/{day:str}/requests/{digest:str}")
    async def explain_request(self, market: TheMarket, day: Word, digest: Word) -> ExplanationView:
        """Explain what became of one request: figures, ranks and sentences."""
        return await explaining.explain_request(market, day, digest)
