"""The cascade over HTTP. A ``#`` in a day's name is written ``%23`` in a path."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import PathParameter

from marketplace.cascade import reading, service
from marketplace.cascade.schemas import (
    AcceptanceView,
    AnswersAnswer,
    AnswerStored,
    DisplacedView,
    OwnAssignment,
    PlaceLeft,
    RollOverView,
    TickView,
)
from marketplace.http.bodies import MAX_BATCH_BYTES
from marketplace.http.paging import FollowedPage, Page
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage, Word
from marketplace.runs.schemas import UnfilledView
from vrm.documents import Acceptance, Decline

TickNumber = Annotated[int, PathParameter(ge=1, le=1_000_000)]


class CascadeController(Controller):
    tags = ["cascade"]

    @post("/acceptances", opt={"body": Acceptance, "also": 200})
    async def accept(self, market: TheMarket, json_body: Body) -> Response[AnswerStored]:
        """Accept an assignment, with a one-time key for what only its vendor may read."""
        stored, new = await service.answer(market, json_body, Acceptance)
        return Response(stored, status_code=201 if new else 200)

    @post(
        "/acceptances/batch",
        status_code=200,
        request_max_body_size=MAX_BATCH_BYTES,
        opt={"bodies": ("acceptances", Acceptance)},
    )
    async def accept_batch(self, market: TheMarket, json_body: Body) -> AnswersAnswer:
        """Accept up to 1000 assignments; the good ones are kept, each bad one is told why."""
        return await service.answer_batch(market, json_body, Acceptance, "acceptances")

    @post("/declines", opt={"body": Decline, "also": 200})
    async def decline(self, market: TheMarket, json_body: Body) -> Response[AnswerStored]:
        """Decline an assignment: it counts against the vendor, and its unit is burnt for the date."""
        stored, new = await service.answer(market, json_body, Decline)
        return Response(stored, status_code=201 if new else 200)

    @post(
        "/declines/batch",
        status_code=200,
        request_max_body_size=MAX_BATCH_BYTES,
        opt={"bodies": ("declines", Decline)},
    )
    async def decline_batch(self, market: TheMarket, json_body: Body) -> AnswersAnswer:
        """Decline up to 1000 assignments; the good ones are kept, each bad one is told why."""
        return await service.answer_batch(market, json_body, Decline, "declines")

    @get("/vendors/self/assignments", opt={"signed": True})
    async def list_own(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[OwnAssignment]]:
        """List what the reading vendor was given, oldest first; keep `resume` to follow."""
        page = await reading.list_own(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/ticks")
    async def list_ticks(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[TickView]]:
        """List a day's ticks at which something was displaced, oldest first."""
        page = await reading.list_ticks(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/acceptances")
    async def list_acceptances(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[AcceptanceView]]:
        """List the Acceptances of the day's assignments."""
        page = await reading.list_acceptances(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/roll-overs")
    async def list_roll_overs(
        self, market: TheMarket, asked: ThePage, day: Word
    ) -> Response[Page[RollOverView]]:
        """List the requests that joined a later cutoff."""
        page = await reading.list_roll_overs(market, day, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/ticks/{tick:int}/displaced")
    async def list_displaced(
        self, market: TheMarket, asked: ThePage, day: Word, tick: TickNumber
    ) -> Response[Page[DisplacedView]]:
        """List the requests whose assignments did not hold."""
        page = await reading.list_displaced(market, day, tick, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/ticks/{tick:int}/places")
    async def list_places(
        self, market: TheMarket, asked: ThePage, day: Word, tick: TickNumber
    ) -> Response[Page[PlaceLeft]]:
        """List what places could still take at the tick."""
        page = await reading.list_places(market, day, tick, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/ticks/{tick:int}/assignments")
    async def list_assignments(
        self, market: TheMarket, asked: ThePage, day: Word, tick: TickNumber
    ) -> Response[Page[msgspec.Raw]]:
        """List the tick's signed assignments."""
        page = await reading.list_assignments(market, day, tick, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/runs/{day:str}/ticks/{tick:int}/unfilled")
    async def list_unfilled(
        self, market: TheMarket, asked: ThePage, day: Word, tick: TickNumber
    ) -> Response[Page[UnfilledView]]:
        """List the requests that the tick gave to nobody, and why."""
        page = await reading.list_unfilled(market, day, tick, asked.cursor, asked.limit)
        return asked.answer(page)
