"""Customer and vendor who do not agree: what each says and shows of their conversation, and the ruling.

A side shows a message by the signed message that was sealed (`vrm.documents.conversation`). The market knows
what each message commits to, so it takes none that was not sent. Whoever decides can read what one of the two
has shown, and nothing else.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import Meta

from vrm.documents.base import Document, Part
from vrm.documents.scalars import Did, Digest, Salt, Text

MOST_SHOWN: Final = 8
"""With these a dispute still fits into a sealed message of the mail."""

Finding = Literal["customer", "vendor", "neither"]


class Shown(Part, frozen=True, kw_only=True):
    """A message, opened, that its author committed to when it was sent.

    That its receiver could open it is certain only where the receiver shows it.
    """

    document: Digest
    """Of the Message or VendorMessage that it went in."""
    inside: dict[str, Any]
    """The signed message."""


ShownMessages = Annotated[tuple[Shown, ...], Meta(max_length=MOST_SHOWN)]


class Dispute(Document, frozen=True, kw_only=True):
    """The customer's side of a dispute about an accepted assignment: it opens it, or answers the vendor's."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Dispute"] = "Dispute"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    salt: Salt
    text: Text
    messages: ShownMessages = ()


class VendorDispute(Document, frozen=True, kw_only=True):
    """The vendor's side of a dispute about an assignment that it accepted; otherwise like a Dispute."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["VendorDispute"] = "VendorDispute"
    market: Did
    vendor: Did
    request: Digest
    assignment: Digest
    salt: Salt
    text: Text
    messages: ShownMessages = ()


class Ruling(Document, frozen=True, kw_only=True):
    """The market's decision of a dispute, with its reason, for all to read: it answers for what it decides.

    A rating by the side that lost is shown and weighs nothing.
    """

    SIGNER: ClassVar[str] = "market"

    type: Literal["Ruling"] = "Ruling"
    market: Did
    request: Digest
    assignment: Digest
    vendor: Did
    finds_for: Finding
    disputes: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=2)]
    """What was before the market: the digests of what the sides said."""
    reason: Text
