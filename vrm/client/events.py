"""What the market tells a vendor: its feed of events, ids only."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from vrm.client.public import PublicClient
from vrm.documents import Webhook


class EventData(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an event is about; which members there are follows from its type."""

    assignment: str | None = None
    """An assignment's digest: see `VendorClient.my_assignments`."""
    request: str | None = None
    """A request's digest."""
    day: str | None = None
    filters: tuple[str, ...] = ()
    """Ids of the saved filters that the request passes."""
    webhook: str | None = None
    """A Webhook document's digest."""
    reason: str | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened; a webhook's body is one, too.

    Types that this program does not know may come from a newer market: leave them alone.
    """

    id: str
    type: str
    timestamp: str
    data: EventData


class WebhookStored(msgspec.Struct, frozen=True):
    """The market's answer to a webhook; ``webhook`` is the document's digest."""

    vendor: str
    webhook: str
    seq: int


class FiltersStored(msgspec.Struct, frozen=True):
    """The market's answer to saved filters; ``filters`` is the document's digest."""

    vendor: str
    filters: str
    seq: int


class FiltersEntry(msgspec.Struct, frozen=True):
    document: msgspec.Raw


class WebhookEntry(msgspec.Struct, frozen=True):
    document: msgspec.Raw
    state: Literal["on", "failing", "disabled"]
    secret: str
    public_key: str
    waiting: int
    delivered_at: str | None
    failures: int
    failure: str | None
    next_attempt: str | None


@dataclass(frozen=True)
class OwnWebhook:
    """The vendor's webhook as the market has it, its document verified."""

    digest: str
    document: Webhook
    state: Literal["on", "failing", "disabled"]
    secret: str
    """``whsec_``: checks signatures ``v1`` (HMAC). Keep it secret."""
    public_key: str
    """``whpk_``: checks signatures ``v1a`` (Ed25519)."""
    waiting: int
    """Events that the receiver has not taken yet."""
    delivered_at: str | None
    failures: int
    """Attempts with the next event that have failed."""
    failure: str | None
    next_attempt: str | None


@dataclass(frozen=True)
class EventPage:
    """Some events, oldest first, and the cursor from which to go on.

    ``more`` tells whether further events are there already; else ``cursor`` gives later ones.
    """

    events: tuple[Event, ...]
    cursor: str | None
    more: bool


class EventsClient(PublicClient):
    """A reader of events, by the signature of a vendor's key."""

    async def events(self, after: str | None = None) -> AsyncIterator[Event]:
        """Walk what the vendor was told in the last 30 days, from a cursor of `events_page` if given."""
        more = True
        while more:
            page = await self.events_page(after)
            for event in page.events:
                yield event
            after, more = page.cursor, page.more

    async def events_page(self, cursor: str | None = None) -> EventPage:
        """Read one page of events after a cursor; keep the page's cursor to follow them.

        An event says what to look at. It is not signed and proves nothing: what it names is.
        """
        await self.descriptor()
        page = await self.page("/events", Event, cursor=cursor, signed=True)
        return EventPage(page.items, page.next or page.resume or cursor, page.next is not None)
