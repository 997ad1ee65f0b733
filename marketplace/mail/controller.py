"""Mail over HTTP: public and plain, so that nobody says which part of it is theirs."""

from litestar import Controller, Response, get

from marketplace.http.paging import FollowedPage
from marketplace.http.parameters import TheMarket, ThePage, Word
from marketplace.mail import service
from marketplace.mail.schemas import SegmentView

BYTES = "application/octet-stream"


class MailController(Controller):
    tags = ["mail"]

    @get("/mail")
    async def list_segments(
        self, market: TheMarket, asked: ThePage
    ) -> Response[FollowedPage[SegmentView]]:
        """List the segments of the mail, oldest first; keep `resume` to follow."""
        page = await service.list_segments(market, asked.cursor, asked.limit)
        return asked.answer(page)

    @get("/mail/{segment:str}", media_type=BYTES)
    async def segment(self, market: TheMarket, segment: Word) -> Response[bytes]:
        """A segment's bytes: sealed messages, each behind its length; see `docs/customers.md`."""
        content = await service.read_segment(market, segment)
        headers = {
            "ETag": f'"{segment}"',
            "Cache-Control": "public, max-age=31536000, immutable",
        }
        return Response(content, media_type=BYTES, headers=headers)
