"""What a vendor is told."""

from typing import Literal

import msgspec

EventType = Literal["assignment.made", "fallback.made"]


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event is about, by ids only: the market tells the rest to whoever signs the read."""

    assignment: str | None = None
    """An assignment's digest."""
    request: str | None = None
    """A request's digest."""
    day: str | None = None


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event, as the feed lists it and a webhook carries it."""

    id: str
    """Always the same for the same event, however often it is told."""
    type: EventType
    timestamp: str
    """When it happened."""
    data: EventData
