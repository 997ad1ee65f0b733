"""Who the customer is: told to the vendor that accepted, sealed, and to nobody else.

A Disclosure carries one sealed message (`crypto.messages`) for the purpose `PURPOSE`, to the one-time key of
the vendor's Acceptance. The pseudonym signs both the document and the message, so that the market can neither
read it nor pass it on as if it were about another request. What the message says is a `Told`.

All Disclosures have one length, whatever they tell.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from crypto.sealed import OVERHEAD, SIZE_CLASSES
from vrm.documents.base import Document, Part
from vrm.documents.customer import AcceptedTerms
from vrm.documents.scalars import DeliveryWay, Did, Digest, Label, Name, Salt, Sequence

PURPOSE: Final = "disclosure"

BOX_BYTES: Final = SIZE_CLASSES[1] + OVERHEAD
"""The length of the box of every Disclosure."""

MOST_WORDS: Final = 8
"""The highest ``seq`` of a Disclosure that a market takes, and of a Confirmation that it did not come."""

Box = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{2794}[AEIMQUYcgkosw048]$(?!\n)")]
"""A sealed message of `BOX_BYTES`, base64url without padding."""


class Contact(Part, frozen=True, kw_only=True):
    """Whom to deliver to: the customer, or whoever else the customer names."""

    name: Name
    address: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=6)] | UnsetType = UNSET
    """The lines of a postal address, without the name."""
    phone: Annotated[str, Meta(pattern=r"^\+?[0-9 ()/-]{4,31}$(?!\n)")] | UnsetType = UNSET
    email: Annotated[str, Meta(pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,63}$(?!\n)")] | UnsetType = (
        UNSET
    )
    note: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET

    def in_words(self) -> str:
        """All that it says, in one line."""
        parts = (self.name, *(self.address or ()), self.phone, self.email, self.note)
        return ", ".join(part for part in parts if part)


class Told(Part, frozen=True, kw_only=True):
    """What a sealed Disclosure says: for which assignment and delivery, under which terms, and the contact.

    The contact is what this delivery needs: a pickup names no address, every other way has one.
    """

    assignment: Digest
    bid: Digest
    terms: AcceptedTerms
    """Those of the request, which the bid repeats: both sides signed them."""
    delivery: DeliveryWay
    contact: Contact

    def __post_init__(self) -> None:
        if bool(self.contact.address) == (self.delivery == "pickup"):
            raise ValueError(
                "a pickup needs no address"
                if self.delivery == "pickup"
                else "this way of delivery needs an address"
            )


class Disclosure(Document, frozen=True, kw_only=True):
    """The customer's contact details for one assignment, sealed; the one with the highest ``seq`` counts.

    The box is made with fresh random bytes, so that the digest, which is in the log, tells nothing of it.
    """

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Disclosure"] = "Disclosure"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    seq: Sequence
    sealed: Box


class Confirmation(Document, frozen=True, kw_only=True):
    """The customer's word on whether what was assigned came; the one with the highest ``seq`` counts.

    What was once received stays received; what was not may come later.
    """

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Confirmation"] = "Confirmation"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    seq: Sequence
    salt: Salt
    received: bool
