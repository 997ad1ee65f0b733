"""What a vendor is told, over HTTP."""

from litestar import Controller, Response, get, post

from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import Body, Reader, TheMarket, ThePage
from marketplace.notices import filters, service, webhooks
from marketplace.notices.schemas import (
    EventView,
    FiltersStored,
    FiltersView,
    WebhookStored,
    WebhookView,
)
from vrm.documents import SavedFilters, Webhook


class NoticesController(Controller):
    tags = ["notices"]

    @get("/events", opt={"signed": True})
    async def list_events(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[EventView]]:
        """List what the reading vendor was told in the last 30 days, oldest first; keep `resume` to follow."""
        page = await service.list_events(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @post("/webhooks", opt={"body": Webhook, "also": 200})
    async def set_webhook(self, market: TheMarket, json_body: Body) -> Response[WebhookStored]:
        """Say where a vendor's events are to be sent, or no more."""
        stored, new = await webhooks.set_webhook(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @get("/vendors/self/webhook", opt={"signed": True})
    async def show_webhook(self, market: TheMarket, reading_vendor: Reader) -> WebhookView:
        """Show the reading vendor's webhook, its keys, and how it goes."""
        return await webhooks.show(market, reading_vendor)

    @post("/filters", opt={"body": SavedFilters, "also": 200})
    async def save_filters(self, market: TheMarket, json_body: Body) -> Response[FiltersStored]:
        """Say of which requests a vendor wants to be told once they are published."""
        stored, new = await filters.save(market, json_body)
        return Response(stored, status_code=201 if new else 200)

    @get("/vendors/self/filters", opt={"signed": True})
    async def show_filters(self, market: TheMarket, reading_vendor: Reader) -> FiltersView:
        """Show the reading vendor's saved filters."""
        return await filters.show(market, reading_vendor)
