"""Runs over HTTP. A ``#`` in a day's name is written ``%23`` in a path."""

import msgspec
from litestar import Controller, Response, get

from marketplace.http.paging import Page
from marketplace.http.parameters import TheMarket, ThePage, Word
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


class RunsController(Controller):
    tags = ["runs"]

    @get("/runs")
    async def list_runs(self, market: TheMarket, asked: ThePage) -> Response[Page[RunView]]:
        """List the runs, newest first."""
        page = await reading.list_runs(market, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}")
    async def show_run(self, market: TheMarket, day: Word) -> RunView:
        """Show one run and its signed report."""
        return await reading.show_run(market, day)

    @get("/runs/{day:str}/requests")
    async def list_requests(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[RunRequest]]:
        """List the requests that the run resolved."""
        page = await reading.list_requests(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/bids")
    async def list_bids(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[RunBid]]:
        """List the bids that were live at the close."""
        page = await reading.list_bids(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/places")
    async def list_places(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[RunPlaceView]]:
        """List the places as the run froze them."""
        page = await reading.list_places(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/preferences")
    async def list_preferences(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[RunPreferenceView]]:
        """List the customers' own orders that the run decided by."""
        page = await reading.list_preferences(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/assignments")
    async def list_assignments(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[msgspec.Raw]]:
        """List the signed assignments."""
        page = await reading.list_assignments(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/unfilled")
    async def list_unfilled(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[UnfilledView]]:
        """List the requests that nobody got, and why."""
        page = await reading.list_unfilled(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/items")
    async def list_items(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[RunItemView]]:
        """List the requests that name catalogue items, and the versions that counted."""
        page = await reading.list_items(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/fallbacks")
    async def list_fallbacks(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[msgspec.Raw]]:
        """List the signed fallbacks: what went to the principals of items."""
        page = await reading.list_fallbacks(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/requests/{digest:str}")
    async def explain_request(self, market: TheMarket, day: Word, digest: Word) -> ExplanationView:
        """Explain what became of one request: figures, ranks and sentences."""
        return await explaining.explain_request(market, day, digest)
