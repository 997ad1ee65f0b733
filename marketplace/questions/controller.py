"""Questions and answers over HTTP. An answer is anonymous: nothing of its call is kept but the document."""

import msgspec
from litestar import Controller, Response, post

from marketplace.http.parameters import Body, TheMarket
from marketplace.questions import service
from marketplace.questions.schemas import QuestionStored
from vrm.documents import Answer, Promise, Question


class QuestionsController(Controller):
    tags = ["questions"]

    @post("/questions", opt={"body": Question, "also": 200})
    async def ask(self, market: TheMarket, json_body: Body) -> Response[QuestionStored]:
        """Ask the one question that a vendor may ask about a request."""
        answer, new = await service.ask(market, json_body)
        return Response(answer, status_code=201 if new else 200)

    @post("/answers", status_code=202, opt={"body": Answer, "answer": Promise, "anonymous": True})
    async def answer(self, market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
        """Answer a vendor's question; the answer promises its publication."""
        promise = await service.answer(market, json_body)
        return Response(msgspec.Raw(promise.wire), status_code=202)
