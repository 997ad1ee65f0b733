"""The market's mail as anybody downloads it: which segments there are, and what they hold."""

from dataclasses import dataclass

import httpx
import msgspec

from vrm.client.base import MarketClient
from vrm.documents.mail import Bucket, name_of, unpack
from vrm.documents.scalars import Digest, Instant, parse_instant
from vrm.errors import MarketMisbehaved


class Segment(msgspec.Struct, frozen=True):
    """A part of a bucket of the mail, published at an instant; it is known by the SHA-256 of its bytes."""

    segment: Digest
    bucket: Bucket
    instant: Instant
    messages: int
    size: int


@dataclass(frozen=True)
class Listed:
    """What is new in the list of segments, oldest first."""

    segments: list[Segment]
    strange: int
    """How many entries beside these are no segments."""
    cursor: str | None
    """For what comes later."""


async def listed(client: MarketClient, after: str | None = None) -> Listed:
    """List the segments of all buckets.

    Args:
        after: the cursor that an earlier call gave, for what came later.

    Raises:
        MarketMisbehaved: the market hands out a cursor for the second time, or what is no list.
    """
    found: list[Segment] = []
    strange = 0
    seen = {after}
    while True:
        page = await client.page("/mail", msgspec.Raw, cursor=after)
        known = [one for one in map(_segment, page.items) if one is not None]
        found += known
        strange += len(page.items) - len(known)
        if page.next is None:
            return Listed(found, strange, page.resume or after)
        if page.next in seen:
            raise MarketMisbehaved("The market's list goes round in a circle.")
        after = page.next
        seen.add(after)


async def segment(client: MarketClient, name: str, over: httpx.AsyncClient) -> list[bytes]:
    """Read the sealed messages of a segment over a connection of the caller's.

    Raises:
        MarketMisbehaved: the bytes are not those that the segment is known by, or no segment's.
    """
    raw = await client.send("GET", f"/mail/{name}", over=over)
    if name_of(raw) != name:
        raise MarketMisbehaved("A segment of the mail is another one.")
    try:
        return unpack(raw)
    except ValueError as error:
        raise MarketMisbehaved(f"A segment of the mail: {error}.") from None


def _segment(entry: msgspec.Raw) -> Segment | None:
    try:
        one = msgspec.json.decode(entry, type=Segment)
        parse_instant(one.instant)  # a day that there is
    except ValueError:
        return None
    return one
