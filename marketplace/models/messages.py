"""The tables of sealed conversations."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class StoredMessage(Base):
    """A customer's Message, taken out of `pending` at a batch instant."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("assignment", "number"),
        Index("ix_messages_batch", "batch"),
        Index("ix_messages_vendor_batch_digest", "vendor", "batch", "digest"),
        ANONYMOUS,
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[int]
    """The number of the batch that it came with: its vendor finds what is new behind what it has read."""
    request: Mapped[str]
    assignment: Mapped[str]
    vendor: Mapped[str]
    number: Mapped[int]
    """Of its sender's messages about the assignment, from 1."""
    commitment: Mapped[str]
    """By which it can be shown later what it said."""
    publish_by: Mapped[int]
    wire: Mapped[bytes | None]
    """Null when the market has kept it long enough."""


class StoredVendorMessage(Base):
    """A VendorMessage."""

    __tablename__ = "vendor_messages"
    __table_args__ = (UniqueConstraint("assignment", "number"),)
    digest: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("requests.digest"))
    assignment: Mapped[str]
    number: Mapped[int]
    """As of a customer's."""
    commitment: Mapped[str]
    stored_at: Mapped[int]
    wire: Mapped[bytes | None]
    """As of a customer's."""
