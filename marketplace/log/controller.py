"""The log over HTTP, in the paths of C2SP tlog-tiles below ``/log``."""

from typing import Annotated

import msgspec
from litestar import Controller, MediaType, Response, get
from litestar.params import FromPath, PathParameter, QueryParameter
from msgspec import Meta

from marketplace.http.parameters import TheMarket, Word
from marketplace.log import service
from marketplace.log.schemas import ConsistencyView, InclusionView, TogetherView

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
MOST_TOGETHER = 100
"""Digests in one call: what fits into an address for every proxy on the way."""
Size = Annotated[int | None, QueryParameter(ge=1, le=1 << 53)]
Leaves = Annotated[int, PathParameter(ge=0, le=1 << 53)]
Documents = Annotated[
    list[Annotated[str, Meta(pattern=r"^[!-~]{1,128}$")]],
    QueryParameter(name="document", min_items=1, max_items=MOST_TOGETHER),
]


class LogController(Controller):
    path = "/log"
    tags = ["log"]

    @get("/checkpoint", media_type=MediaType.TEXT)
    async def checkpoint(self, market: TheMarket) -> Response[str]:
        """The newest checkpoint, a signed note."""
        headers = {"Cache-Control": "no-cache"}
        return Response(await service.checkpoint(market), headers=headers)

    @get("/checkpoints/{size:int}", media_type=MediaType.TEXT)
    async def checkpoint_of(self, market: TheMarket, size: Leaves) -> Response[str]:
        """The checkpoint of a size, as it was published; there is one for each day's freeze."""
        return Response(await service.checkpoint_of(market, size), headers=FOR_EVER)

    @get("/tile/{path:path}", media_type="application/octet-stream")
    async def tile(self, market: TheMarket, path: FromPath[str]) -> Response[bytes]:
        """A tile of hashes, or a bundle of entries; what a path names never changes."""
        found = await service.tile(market, f"tile{path}")
        return Response(found, headers=FOR_EVER)

    @get("/documents/{digest:str}")
    async def document(self, market: TheMarket, digest: Word) -> Response[msgspec.Raw]:
        """A profile, capacity, item, decision or descriptor in any version that ever counted."""
        return Response(msgspec.Raw(await service.show(market, digest)), headers=FOR_EVER)

    @get("/inclusion/{document:str}")
    async def inclusion(
        self, market: TheMarket, document: Word, size: Size = None
    ) -> InclusionView:
        """Prove that a document, named by its digest, is in the log."""
        return await service.prove_inclusion(market, document, size)

    @get("/inclusion")
    async def inclusion_together(
        self, market: TheMarket, documents: Documents, size: Size = None
    ) -> TogetherView:
        """Prove of up to 100 documents at once, each a `document` of the query, that they are in the log."""
        return await service.prove_together(market, documents, size)

    @get("/consistency/{old:int}")
    async def consistency(
        self, market: TheMarket, old: Leaves, size: Size = None
    ) -> ConsistencyView:
        """Prove that the log only grew since it had so many leaves."""
        return await service.prove_consistency(market, old, size)
