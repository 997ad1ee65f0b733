"""What a vendor is told."""

from typing import Literal

import msgspec

EventType = Literal[
    "assignment.made",
    "fallback.made",
    "disclosure.made",
    "confirmation.made",
    "message.received",
    "cancellation.made",
    "handover.made",
    "delivery.lapsed",
    "delivery.overdue",
    "delivery.closed",
    "dispute.opened",
    "dispute.answered",
    "dispute.decided",
    "request.published",
    "rating.revealed",
    "webhook.set",
    "webhook.disabled",
]
WebhookState = Literal["on", "failing", "disabled"]


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event is about, by ids only: the market tells the rest to whoever signs the read."""

    assignment: str | None = None
    """An assignment's digest."""
    request: str | None = None
    """A request's digest."""
    day: str | None = None
    filters: tuple[str, ...] = ()
    """The vendor's saved filters that the request passes, by their ids."""
    webhook: str | None = None
    """A Webhook document's digest."""
    reason: str | None = None


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event, as the feed lists it and a webhook carries it."""

    id: str
    """Always the same for the same event, however often it is told."""
    type: EventType
    timestamp: str
    """When it happened."""
    data: EventData


class WebhookStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's webhook is stored and counts."""

    vendor: str
    webhook: str
    """The document's digest."""
    seq: int


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's own webhook, and how it goes."""

    document: msgspec.Raw
    """The signed Webhook."""
    state: WebhookState
    """``disabled`` once an event was refused for days; set it anew to go on."""
    secret: str
    """``whsec_``: checks signatures ``v1``. Keep it: who has it can write to your receiver."""
    public_key: str
    """``whpk_``: checks signatures ``v1a``."""
    waiting: int
    """How many events it has not taken yet."""
    delivered_at: str | None
    """When it last took one."""
    failures: int
    """How often it was tried in vain with the event that is next."""
    failure: str | None
    """Why, the last time."""
    next_attempt: str | None


class FiltersStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's saved filters are stored and count."""

    vendor: str
    filters: str
    """The document's digest."""
    seq: int


class FiltersView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's own saved filters."""

    document: msgspec.Raw | None
    """The signed SavedFilters; null where there are none."""
