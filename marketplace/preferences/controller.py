"""Preferences over HTTP: anonymous, so nothing of the call is kept but the document."""

import msgspec
from litestar import Controller, Response, post

from marketplace.http.parameters import Body, TheMarket
from marketplace.preferences import service
from vrm.documents import Preference, Promise


class PreferencesController(Controller):
    tags = ["requests"]

    @post(
        "/preferences",
        status_code=202,
        opt={"body": Preference, "answer": Promise, "anonymous": True},
    )
    async def submit(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Order the bids on a request; the answer promises that it counts at the cutoff."""
        promise = await service.submit(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)
