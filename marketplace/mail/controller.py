"""Mail over HTTP: public and plain, so that nobody says which part of it is theirs."""

from typing import Any

from litestar import Controller, Request, Response, get

from marketplace.http.paging import DEFAULT_LIMIT, FollowedPage, answer_page
from marketplace.http.parameters import Cursor, Limit, TheMarket, Word
from marketplace.mail import service
from marketplace.mail.schemas import SegmentView

BYTES = "application/octet-stream"


class MailController(Controller):
    tags = ["mail"]

    @get("/mail")
    async def list_segments(
        self,
        request: Request[Any, Any, Any],
        market: TheMarket,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Response[FollowedPage[SegmentView]]:
        """List the segments of the mail, oldest first; keep `resume` to follow."""
        page = await service.list_segments(market, cursor, limit)
        return answer_page(request, page, page.next)

    @get("/mail/{segment:str}", media_type=BYTES)
    async def segment(self, market: TheMarket, segment: Word) -> Response[bytes]:
        """A segment's bytes: sealed messages, each behind its length; see `docs/customers.md`."""
        content = await service.read_segment(market, segment)
        headers = {
            "ETag": f'"{segment}"',
            "Cache-Control": "public, max-age=31536000, immutable",
        }
        return Response(content, media_type=BYTES, headers=headers)
