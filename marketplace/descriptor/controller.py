"""The market's rules over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, MediaType, Request, Response, get

from marketplace.descriptor import service
from marketplace.descriptor.schemas import ClockView, ProblemKind
from marketplace.http.parameters import TheMarket, Word
from marketplace.http.tags import answer_tagged
from vrm.documents import MarketDescriptor


class DescriptorController(Controller):
    tags = ["market"]

    @get("/.well-known/vrm-market", opt={"answer": MarketDescriptor, "cached": True})
    async def descriptor(
        self, request: Request[Any, Any, Any], market: TheMarket
    ) -> Response[msgspec.Raw]:
        """The market's signed rules."""
        found, headers = market.descriptor, {"Cache-Control": "public, max-age=300"}
        return answer_tagged(request, found.wire, tag=found.digest, headers=headers)

    @get("/terms/{terms:str}", media_type=MediaType.TEXT)
    async def terms(self, market: TheMarket, terms: Word) -> str:
        """The text of a privacy agreement, whose SHA-256 the roster lists."""
        return service.agreement_text(market, terms)

    @get("/clock")
    async def clock(self, market: TheMarket) -> ClockView:
        """The market's time, and what comes next."""
        return await service.tell_time(market)

    @get("/problems")
    async def problems(self) -> list[ProblemKind]:
        """Every kind of refusal, and what to do about it."""
        return service.problem_kinds()

    @get("/problems/{code:str}")
    async def problem(self, code: Word) -> ProblemKind:
        """One kind of refusal."""
        return service.problem_kind(code)
