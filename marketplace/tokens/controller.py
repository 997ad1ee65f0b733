"""Posting tokens over HTTP: the issuer directory (RFC 9578), the issuer keys, and the draw."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency

from crypto import issuer_directory
from crypto.http_signatures import VerifiedRequest
from crypto.issuance import BATCH_REQUEST_MEDIA_TYPE, BATCH_RESPONSE_MEDIA_TYPE
from marketplace.errors import Refused
from marketplace.http.paging import Page
from marketplace.http.parameters import TheMarket, ThePage
from marketplace.tokens import issuing, service
from marketplace.tokens.schemas import IssuerKeyView


class TokensController(Controller):
    tags = ["tokens"]

    @get(issuer_directory.PATH, media_type=issuer_directory.MEDIA_TYPE)
    async def directory(self, market: TheMarket) -> Response[bytes]:
        """The issuer directory (RFC 9578): the keys that tokens are drawn under now and next."""
        found = await service.directory(market)
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(found.encode(), media_type=issuer_directory.MEDIA_TYPE, headers=headers)

    @get("/issuer-keys")
    async def list_keys(self, market: TheMarket, asked: ThePage) -> Response[Page[IssuerKeyView]]:
        """List every issuer key that ever was, newest epoch first, with its counts of tokens."""
        page = await service.list_keys(market, asked.cursor, asked.limit)
        return asked.answer(page)

    @post(
        service.REQUEST_PATH,
        status_code=200,
        media_type=BATCH_RESPONSE_MEDIA_TYPE,
        opt={"raw_body": BATCH_REQUEST_MEDIA_TYPE, "signed": "memberSignature"},
    )
    async def draw(
        self,
        request: Request[Any, Any, Any],
        market: TheMarket,
        signing_member: NamedDependency[VerifiedRequest],
    ) -> Response[bytes]:
        """Draw a member's whole allotment of posting tokens, once in each epoch, with one proof."""
        if request.content_type[0] != BATCH_REQUEST_MEDIA_TYPE:
            raise Refused(
                "unsupported-media-type", f"Send the request as {BATCH_REQUEST_MEDIA_TYPE}."
            )
        found = await issuing.draw(market, signing_member, await request.body())
        headers = {"Cache-Control": "no-store"}
        return Response(found, media_type=BATCH_RESPONSE_MEDIA_TYPE, headers=headers)
