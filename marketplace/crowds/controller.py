"""Crowds over HTTP: one answer for everybody, so that asking tells nothing."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get

from marketplace.crowds import service
from marketplace.crowds.schemas import CrowdsView
from marketplace.http.parameters import TheMarket
from marketplace.http.tags import answer_tagged


class CrowdsController(Controller):
    tags = ["requests"]

    @get("/crowds", opt={"cached": True})
    async def read(
        self, request: Request[Any, Any, Any], market: TheMarket
    ) -> Response[CrowdsView]:
        """How many requests of the last days show the same area, category or facet."""
        content = msgspec.json.encode(await service.read(market), order="sorted")
        return answer_tagged(request, content, headers={"Cache-Control": "public, max-age=60"})
