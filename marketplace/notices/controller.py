"""What a vendor is told, over HTTP."""

from litestar import Controller, Response, get

from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import Reader, TheMarket, ThePage
from marketplace.notices import service
from marketplace.notices.schemas import EventView


class NoticesController(Controller):
    tags = ["notices"]

    @get("/events", opt={"signed": True})
    async def list_events(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[EventView]]:
        """List what the reading vendor was told in the last 30 days, oldest first; keep `resume` to follow."""
        page = await service.list_events(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)
