"""Reading the board: requests, and what vendors asked about them, every proof verified."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Unpack

from crypto import CryptoError
from vrm.client.public import PublicClient
from vrm.client.vendor_answers import (
    BoardEntry,
    BoardItem,
    BoardPage,
    BoardQuestion,
    QuestionEntry,
    Wanted,
    parameters,
)
from vrm.documents import Answer, PersonalRequest, Question, Signed, read
from vrm.errors import InvalidDocument, MarketMisbehaved


class BoardClient(PublicClient):
    """A reader of the board, by the signature of a vendor's key."""

    async def board(self, **wanted: Unpack[Wanted]) -> AsyncIterator[BoardItem]:
        """Walk the board from its beginning to its end; open requests, unless ``state`` says others."""
        cursor: str | None = None
        more = True
        while more:
            page = await self.board_page(cursor, **wanted)
            for item in page.items:
                yield item
            cursor, more = page.cursor, page.more

    async def board_page(self, cursor: str | None = None, **wanted: Unpack[Wanted]) -> BoardPage:
        """Read one page of the board after a cursor; keep the page's cursor to follow the board.

        Raises:
            MarketMisbehaved: a request whose proof or digest does not hold.
        """
        await self.descriptor()
        asked = parameters(wanted)
        page = await self.page("/board", BoardEntry, asked, cursor=cursor, signed=True)
        items = tuple(self._on_board(entry) for entry in page.items)
        after = page.next or page.resume or cursor
        return BoardPage(items, after, more=page.next is not None)

    async def request(self, digest: str) -> BoardItem:
        """Read one request of the board."""
        await self.descriptor()
        return self._on_board(await self.get(f"/board/{digest}", BoardEntry, signed=True))

    def _on_board(self, entry: BoardEntry) -> BoardItem:
        try:
            signed = _read_request(bytes(entry.document))
        except (CryptoError, InvalidDocument) as error:
            raise MarketMisbehaved(f"A request on the board: {error}") from error
        if signed.digest != entry.request or signed.body.market != self.market:
            raise MarketMisbehaved("The board holds a request that is not the one it is filed as.")
        return BoardItem(
            digest=signed.digest,
            request=signed.body,
            state=entry.state,
            published_at=entry.published_at,
            bids_close=entry.bids_close,
            cutoff=entry.cutoff,
            distance_m=entry.distance_m,
            questions=tuple(self._question(one, signed) for one in entry.questions),
        )

    def _question(self, entry: QuestionEntry, request: Signed[PersonalRequest]) -> BoardQuestion:
        question = self.verified(bytes(entry.question), Question)
        answer = None
        if bytes(entry.answer) != b"null":
            answer = self.verified(bytes(entry.answer), Answer).body
        if question.body.request != request.digest or (
            answer is not None
            and (answer.pseudonym, answer.question) != (request.body.pseudonym, question.digest)
        ):
            raise MarketMisbehaved("A question or an answer is filed under another request.")
        return BoardQuestion(
            question.body.vendor, question.body.text, None if answer is None else answer.text
        )


# A vendor whose stock changed reads the whole board again; the same bytes need no second verification.
@lru_cache(maxsize=4096)
def _read_request(raw: bytes) -> Signed[PersonalRequest]:
    return read(raw, PersonalRequest)
