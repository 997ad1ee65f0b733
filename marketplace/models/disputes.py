"""The tables of disputes."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class DisputedAssignment(Base):
    """An accepted assignment about which one of its sides has opened a dispute."""

    __tablename__ = "disputed_assignments"
    __table_args__ = (
        Index("ix_disputed_assignments_vendor_opened_at", "vendor", "opened_at", "assignment"),
        ANONYMOUS,
    )
    assignment: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str]
    vendor: Mapped[str]
    opened_at: Mapped[int]
    """A batch instant where the customer did it. From then on the clock of its ratings stands still,"""
    decided_at: Mapped[int | None]
    """until then, or for the descriptor's ``ratings.dispute_days`` at most."""


class StoredDispute(Base):
    """What one side says; the customer's was taken out of `pending` at a batch instant."""

    __tablename__ = "disputes"
    __table_args__ = (UniqueConstraint("assignment", "by_customer"), ANONYMOUS)
    digest: Mapped[str] = mapped_column(primary_key=True)
    assignment: Mapped[str]
    request: Mapped[str]
    by_customer: Mapped[bool]
    publish_by: Mapped[int | None]
    """As promised to the customer; null where the vendor says it."""
    wire: Mapped[bytes | None]
    """Null when the market has kept it long enough after its decision."""


class StoredRuling(Base):
    """The market's decision."""

    __tablename__ = "rulings"
    __table_args__ = (UniqueConstraint("assignment"), ANONYMOUS)
    digest: Mapped[str] = mapped_column(primary_key=True)
    assignment: Mapped[str]
    request: Mapped[str]
    finds_for: Mapped[str]
    """``customer``, ``vendor`` or ``neither``."""
    wire: Mapped[bytes]
