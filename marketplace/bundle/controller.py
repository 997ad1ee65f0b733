"""The bundle over HTTP."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter
from litestar.response import Stream

from marketplace.bundle import service
from marketplace.bundle.lines import MEDIA_TYPE
from marketplace.http.parameters import TheMarket, Word

Since = Annotated[int | None, QueryParameter(ge=1, le=1 << 53)]


class BundleController(Controller):
    tags = ["runs"]

    @get("/runs/{day:str}/bundle", media_type=MEDIA_TYPE)
    async def bundle(self, market: TheMarket, day: Word, since: Since = None) -> Stream:
        """Download a day whole: all that it was decided from and decided, with the log's proofs of it.

        `since` is the size of a checkpoint that the caller kept; the bundle then proves that the log grew out
        of it.
        """
        begun = await service.begin(market, day, since)
        name = f"{begun.day.replace('#', '-')}.vrm-day.gz"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Stream(service.write(market, begun), media_type=MEDIA_TYPE, headers=headers)
