"""What the calls about fulfilment answer."""

import msgspec

from marketplace.fulfilment.rules import State


class ShipmentStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's Shipment is stored, and goes to the customer with the next mail."""

    assignment: str
    shipment: str
    """The document's digest."""


class VendorCancellationStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's cancellation is stored, and goes to the customer with the next mail."""

    assignment: str
    cancellation: str
    """The document's digest."""


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of an assignment that the reading vendor accepted; a time is null until it comes."""

    assignment: str
    """Its digest."""
    request: str
    day: str
    state: State
    accepted_at: str
    disclosed_at: str | None
    """When the vendor could read whom to deliver to; told anew, it is later, unless overdue or shipped."""
    ship_by: str | None
    """When a Shipment after it is late."""
    overdue: bool
    """Whether the vendor has let that and the market's grace pass, which speaks against it."""
    shipped_at: str | None
    """When the vendor said that it is on its way, or ready."""
    ended_at: str | None
    """From when on nothing changes any more."""


class DisclosureView(msgspec.Struct, frozen=True, kw_only=True):
    """A Disclosure to the vendor that reads, with the documents that it is about."""

    digest: str
    disclosure: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


class ConfirmationView(msgspec.Struct, frozen=True, kw_only=True):
    """A Confirmation to the vendor that reads, with the documents that it is about."""

    digest: str
    confirmation: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


class CancellationView(msgspec.Struct, frozen=True, kw_only=True):
    """A Cancellation to the vendor that reads, with the documents that it is about."""

    digest: str
    cancellation: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw
