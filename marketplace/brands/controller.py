"""A brand's own reads over HTTP, with its signature as a vendor."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import QueryParameter

from marketplace.brands import service
from marketplace.brands.schemas import BrandReport, OwnFallback
from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import Reader, TheMarket, ThePage


class BrandsController(Controller):
    tags = ["catalogue"]

    @get("/vendors/self/fallbacks", opt={"signed": True})
    async def list_own_fallbacks(
        self, market: TheMarket, asked: ThePage, reading_vendor: Reader
    ) -> Response[FollowedPage[OwnFallback]]:
        """List what the reading brand is to ship, oldest first; keep `resume` to follow."""
        page = await service.list_own_fallbacks(market, reading_vendor, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/vendors/self/report", opt={"signed": True})
    async def report(
        self,
        market: TheMarket,
        reading_vendor: Reader,
        day: Annotated[str | None, QueryParameter(pattern=r"^[0-9#-]{10,13}$")] = None,
    ) -> BrandReport:
        """Report how the reading brand's items were served on a day; the newest run if none is named."""
        return await service.report(market, reading_vendor, day)
