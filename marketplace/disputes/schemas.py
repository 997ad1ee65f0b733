"""What the calls about disputes answer."""

from typing import Literal

import msgspec

DisputeState = Literal["open", "decided"]


class DisputeStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's side is stored, and on its way into the customer's mail."""

    dispute: str
    """The document's digest."""
    assignment: str


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute about an assignment, as the two sides and whoever decides may read it."""

    digest: str
    """The assignment's."""
    assignment: msgspec.Raw
    request: msgspec.Raw
    state: DisputeState
    opened_at: str
    customer: msgspec.Raw | None
    """The Dispute; null where the customer has said nothing, or the market has kept it long enough."""
    vendor_says: msgspec.Raw | None
    """The VendorDispute likewise."""
    ruling: msgspec.Raw | None
