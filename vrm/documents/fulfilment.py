"""What happens to an accepted assignment, as its two sides say it."""

from typing import ClassVar, Literal

from vrm.documents.base import Document
from vrm.documents.scalars import Did, Digest


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
