"""The tables of what follows on an accepted assignment."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class StoredDisclosure(Base):
    """The newest Disclosure on a request, taken out of `pending` at a batch instant."""

    __tablename__ = "disclosures"
    __table_args__ = (
        Index("ix_disclosures_vendor_number_request", "vendor", "number", "request"),
        ANONYMOUS,
    )
    request: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    """Of the batch that it came with, so that its vendor finds what is new behind what it has read."""
    vendor: Mapped[str]
    assignment: Mapped[str]
    digest: Mapped[str]
    seq: Mapped[int]
    publish_by: Mapped[int]
    wire: Mapped[bytes | None]
    """Null when the market has kept it long enough."""


class StoredConfirmation(Base):
    """The newest Confirmation on a request, taken out of `pending` at a batch instant."""

    __tablename__ = "confirmations"
    __table_args__ = (
        Index("ix_confirmations_vendor_number_request", "vendor", "number", "request"),
        ANONYMOUS,
    )
    request: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    """As of a Disclosure."""
    vendor: Mapped[str]
    assignment: Mapped[str]
    digest: Mapped[str]
    seq: Mapped[int]
    received: Mapped[bool]
    publish_by: Mapped[int]
    wire: Mapped[bytes]
