"""The board over HTTP, read with a vendor's signature."""

from typing import Annotated, Literal

from litestar import Controller, Response, get
from litestar.params import FromQuery, QueryParameter

from marketplace.board import service
from marketplace.board.schemas import BoardFilter, BoardItem
from marketplace.errors import Refused
from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import Reader, TheMarket, ThePage, Word
from vrm.documents.place import Point, point
from vrm.documents.scalars import MAX_INTEGER

Amount = Annotated[int | None, QueryParameter(ge=0, le=MAX_INTEGER)]


class BoardController(Controller):
    tags = ["board"]

    @get("/board", opt={"signed": True})
    async def list_items(
        self,
        market: TheMarket,
        asked: ThePage,
        reading_vendor: Reader,
        category: Annotated[str | None, QueryParameter(pattern=r"^[a-z0-9-]{1,48}$")] = None,
        lat: Annotated[float | None, QueryParameter(ge=-90, le=90)] = None,
        lng: Annotated[float | None, QueryParameter(ge=-180, le=180)] = None,
        within_km: Annotated[float | None, QueryParameter(gt=0, le=20_100)] = None,
        min_price: Amount = None,
        max_price: Amount = None,
        delivery: FromQuery[Literal["ship", "pickup", "on-site"] | None] = None,
        # "state" is a name that Litestar keeps for itself.
        wanted_state: Annotated[
            Literal["open", "closed", "all"], QueryParameter(name="state")
        ] = "open",
    ) -> Response[FollowedPage[BoardItem]]:
        """List requests in order of publication; keep `resume` to follow the board."""
        wanted = BoardFilter(
            state=wanted_state,
            category=category,
            near=_near(lat, lng, within_km),
            within_m=None if within_km is None else round(within_km * 1000),
            min_price=min_price,
            max_price=max_price,
            delivery=delivery,
        )
        page = await service.list_items(market, wanted, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/board/{digest:str}", opt={"signed": True})
    async def show(
        self,
        market: TheMarket,
        reading_vendor: Reader,
        digest: Word,
    ) -> BoardItem:
        """Show one request."""
        return await service.show(market, digest)


def _near(lat: float | None, lng: float | None, within_km: float | None) -> Point | None:
    if lat is None and lng is None:
        if within_km is not None:
            raise Refused("invalid-parameter", "within_km needs lat and lng.", "within_km")
        return None
    if lat is None or lng is None:
        raise Refused(
            "invalid-parameter", "lat and lng go together.", "lat" if lat is None else "lng"
        )
    return point(lat, lng)
