"""Requests over HTTP: anonymous, so nothing of the call is kept but the document."""

from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post

from marketplace.http.paging import Page
from marketplace.http.parameters import Body, TheMarket, ThePage
from marketplace.requests import service
from marketplace.requests.schemas import BatchView
from vrm.documents import PersonalRequest, Promise, RequestWithdrawal


class RequestsController(Controller):
    tags = ["requests"]

    @post(
        "/requests",
        status_code=202,
        opt={
            "body": PersonalRequest,
            "answer": Promise,
            "signed": "postingToken",
            "anonymous": True,
        },
    )
    async def submit(
        self, request: Request[Any, Any, Any], market: TheMarket, json_body: Body
    ) -> Response[msgspec.Raw]:
        """Post a personal request for a posting token; the answer promises its publication."""
        authorization = request.headers.get("authorization")
        promise = await service.submit(market, json_body, authorization)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @post(
        "/request-withdrawals",
        status_code=202,
        opt={"body": RequestWithdrawal, "answer": Promise, "anonymous": True},
    )
    async def withdraw(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Withdraw a request; the answer promises the withdrawal's publication."""
        promise = await service.withdraw(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)

    @get("/batches")
    async def list_batches(self, market: TheMarket, asked: ThePage) -> Response[Page[BatchView]]:
        """List what became public at each batch instant, oldest first."""
        page = await service.list_batches(market, asked.cursor, asked.limit)
        return asked.answer(page)
