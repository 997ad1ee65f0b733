"""What happens to an accepted assignment, as its two sides say it, and the market's rules for it."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from vrm.documents.base import Document, Part
from vrm.documents.scalars import Did, Digest, Salt


class FulfilmentRules(Part, frozen=True, kw_only=True):
    """Until when each side has to act on an accepted assignment, and what follows if it does not.

    Whose vendor is not told whom to deliver to for ``disclose_hours`` after its Acceptance need not wait any
    longer: the assignment lapses. From the batch instant at which it is told, it has the bid's lead time to say
    that it ships; one that has said nothing ``grace_hours`` later has broken its promise. ``confirm_days``
    after the Shipment, or after that, the customer's word is waited for no longer.
    """

    disclose_hours: Annotated[int, Meta(ge=1, le=8760)]
    grace_hours: Annotated[int, Meta(ge=1, le=8760)]
    confirm_days: Annotated[int, Meta(ge=1, le=365)]


class Shipment(Document, frozen=True, kw_only=True):
    """The vendor's word that an order is on its way to the customer, or ready to be picked up.

    ``ready`` goes with the delivery way ``pickup``, ``shipped`` with every other one.
    """

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Shipment"] = "Shipment"
    market: Did
    vendor: Did
    request: Digest
    assignment: Digest
    state: Literal["shipped", "ready"]


class VendorCancellation(Document, frozen=True, kw_only=True):
    """The vendor takes its Acceptance back; it counts against it, and burns the unit for the date."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["VendorCancellation"] = "VendorCancellation"
    market: Did
    vendor: Did
    request: Digest
    assignment: Digest
    reason: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET


class Cancellation(Document, frozen=True, kw_only=True):
    """The customer wants it no more; it counts unless the vendor has shipped it, or has it ready, before."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Cancellation"] = "Cancellation"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    salt: Salt
