"""What the calls about fulfilment answer."""

import msgspec


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
