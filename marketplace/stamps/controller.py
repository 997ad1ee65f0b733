"""Stamps over HTTP: claimed anonymously, deposited by name."""

from typing import Any

from litestar import Controller, Request, post

from marketplace.http.parameters import Body, TheMarket
from marketplace.stamps import service
from marketplace.stamps.schemas import StampGiven, StampsDeposited
from vrm.documents.standing import StampClaim, StampDeposit


class StampsController(Controller):
    tags = ["tokens"]

    @post(
        "/stamps",
        status_code=200,
        opt={"body": StampClaim, "signed": "postingToken", "anonymous": True},
    )
    async def give(
        self, request: Request[Any, Any, Any], market: TheMarket, json_body: Body
    ) -> StampGiven:
        """Draw the stamp that a pseudonym's token is worth, for what became of it; the token is shown again."""
        return await service.give(market, json_body, request.headers.get("authorization"))

    @post("/stamp-deposits", status_code=200, opt={"body": StampDeposit})
    async def deposit(self, market: TheMarket, json_body: Body) -> StampsDeposited:
        """Deposit a member's stamps of earlier epochs, once in each epoch."""
        return await service.deposit(market, json_body)
