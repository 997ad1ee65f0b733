"""What the calls about messages answer."""

import msgspec


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's Message to the vendor that reads, with the documents that it is about."""

    digest: str
    message: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


class MessageStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's message is on its way into the customer's mail."""

    message: str
    """The document's digest."""
    assignment: str
