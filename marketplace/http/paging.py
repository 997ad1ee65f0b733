"""Pages of lists: opaque cursors, and the `Link` header of RFC 8288."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from marketplace.errors import Refused
from vrm.documents.scalars import MAX_INTEGER

T = TypeVar("T")
K = TypeVar("K", bound=tuple[int | str, ...])

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list. `next` is the cursor of the following part, null at the end."""

    items: list[T]
    next: str | None = None


class FollowedPage(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list that grows at its end. `resume` is where later items will follow."""

    items: list[T]
    next: str | None = None
    resume: str | None = None


P = TypeVar("P", bound=Page[Any] | FollowedPage[Any])


def write_cursor(*key: int | str) -> str:
    """Turn the sort key of a page's last item into a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def read_cursor(cursor: str | None, shape: type[K]) -> K | None:
    """Read a cursor back.

    Raises:
        Refused: the text is no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=shape)
        if not all(map(_is_of_a_key, key)):
            raise ValueError("no key of a row has this")
        return key
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise Refused(
            "invalid-cursor", "The cursor is not one that this list gave.", "cursor"
        ) from None


def _is_of_a_key(value: int | str) -> bool:
    """Whether a database could hold it as part of a key: everything else is no cursor that was given out."""
    if isinstance(value, int):
        return abs(value) <= MAX_INTEGER
    return value.isascii() and value.isprintable()


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    """Split what was read with ``limit + 1`` into the page's rows and whether more follow."""
    return rows[:limit], len(rows) > limit


@dataclass(frozen=True)
class PageAsked:
    """The part of a list that a call asks for."""

    request: Request[Any, Any, Any]
    cursor: str | None
    limit: int

    def answer(self, page: P) -> Response[P]:
        """Answer with a page and, where more follows, its link."""
        return Response(page, headers=self.link(page.next))

    def link(self, following: str | None) -> dict[str, str]:
        """The header that leads to the page behind a cursor; none where nothing follows."""
        if following is None:
            return {}
        query = [(k, v) for k, v in self.request.query_params.multi_items() if k != "cursor"]
        target = f"{self.request.url.path}?{urlencode([*query, ('cursor', following)])}"
        return {"Link": f'<{target}>; rel="next"'}


async def page_asked(
    request: Request[Any, Any, Any],
    cursor: Annotated[str | None, QueryParameter(max_length=1024)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> PageAsked:
    """Read which part of a list a call asks for."""
    return PageAsked(request, cursor, limit)
