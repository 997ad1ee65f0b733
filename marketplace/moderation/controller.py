"""Reports and decisions over HTTP. A report is anonymous: nothing of its call is kept but the document."""

from litestar import Controller, Response, get, post

from marketplace.http.paging import Page
from marketplace.http.parameters import Body, TheMarket, ThePage, Word
from marketplace.moderation import service
from marketplace.moderation.schemas import ModerationView, ReportStored
from vrm.documents import Report


class ModerationController(Controller):
    tags = ["moderation"]

    @post("/reports", opt={"body": Report, "also": 200, "anonymous": True})
    async def report(self, market: TheMarket, json_body: Body) -> Response[ReportStored]:
        """Report a document to the operator; any key may sign, a fresh one is fine."""
        answer, new = await service.report(market, json_body)
        return Response(answer, status_code=201 if new else 200)

    @get("/moderation")
    async def list_decisions(
        self, market: TheMarket, asked: ThePage
    ) -> Response[Page[ModerationView]]:
        """List the operator's decisions to hide documents or to show them again."""
        page = await service.list_decisions(market, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/moderation/{document:str}")
    async def show(self, market: TheMarket, document: Word) -> ModerationView:
        """Show the decision about one document."""
        return await service.show(market, document)
