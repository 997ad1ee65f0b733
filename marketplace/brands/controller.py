"""A brand's own reads over HTTP, with its signature as a vendor."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import QueryParameter

from marketplace.brands import service
from marketplace.brands.schemas import BrandReport, OwnFallback
from marketplace.http.paging import DEFAULT_LIMIT, FollowedPage, answer_page
from marketplace.http.parameters import Cursor, Limit, Reader, TheMarket


class BrandsController(Controller):
    tags = ["catalogue"]

    @get("/vendors/self/fallbacks", opt={"signed": True})
    async def list_own_fallbacks(
        self,
        request: Request[Any, Any, Any],
        market: TheMarket,
        reading_vendor: Reader,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[FollowedPage[OwnFallback]]:
        """List what the reading brand is to ship, oldest first; keep `resume` to follow."""
        page = await service.list_own_fallbacks(market, reading_vendor, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/vendors/self/report", opt={"signed": True})
    async def report(
        self,
        market: TheMarket,
        reading_vendor: Reader,
        day: Annotated[str | None, QueryParameter(pattern=r"^[0-9#-]{10,13}$")] = None,
    ) -> BrandReport:
        """Report how the reading brand's items were served on a day; the newest run if none is named."""
        return await service.report(market, reading_vendor, day)
