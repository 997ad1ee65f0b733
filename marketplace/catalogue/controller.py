"""The catalogue over HTTP."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromQuery, QueryParameter

from marketplace.catalogue import service
from marketplace.catalogue.schemas import ItemStored, ItemView
from marketplace.http.paging import Page
from marketplace.http.parameters import Body, TheMarket, ThePage, Word
from marketplace.http.tags import answer_tagged
from vrm.documents import CatalogueItem

Asked = Request[Any, Any, Any]


class CatalogueController(Controller):
    tags = ["catalogue"]

    @post("/catalogue", opt={"body": CatalogueItem, "also": 200})
    async def submit(self, market: TheMarket, json_body: Body) -> Response[ItemStored]:
        """List an item, or replace it by a newer version."""
        answer, new = await service.submit(market, json_body)
        return Response(answer, status_code=201 if new else 200)

    @get("/catalogue", opt={"cached": True})
    async def list_items(
        self,
        request: Asked,
        market: TheMarket,
        asked: ThePage,
        principal: Annotated[str | None, QueryParameter(pattern=r"^[!-~]{1,128}$")] = None,
        category: Annotated[str | None, QueryParameter(pattern=r"^[a-z0-9-]{1,48}$")] = None,
        listed: FromQuery[bool | None] = None,
    ) -> Response[Page[ItemView]]:
        """List the catalogue's items."""
        page = await service.list_items(
            market, principal, category, listed, asked.cursor, asked.limit
        )
        return answer_tagged(request, msgspec.json.encode(page), headers=asked.link(page.next))

    @get("/catalogue/{principal:str}/{item:str}", opt={"cached": True})
    async def show(
        self, request: Asked, market: TheMarket, principal: Word, item: Word
    ) -> Response[ItemView]:
        """Show an item as it counts now."""
        found = await service.show(market, principal, item)
        return answer_tagged(request, msgspec.json.encode(found))

    @get("/catalogue/{digest:str}", opt={"cached": True})
    async def show_version(
        self, request: Asked, market: TheMarket, digest: Word
    ) -> Response[ItemView]:
        """Show one version of an item, by its digest."""
        found = await service.show_version(market, digest)
        return answer_tagged(request, msgspec.json.encode(found))
