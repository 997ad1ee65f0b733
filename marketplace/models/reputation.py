"""The tables of reputation: the evidence, its sums by vendor and day, and what it is measured by."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import Base


class Evidence(Base):
    """One piece of evidence about a vendor, always out of a signed document."""

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_vendor_date", "vendor", "date"),
        Index("ix_evidence_date", "date"),
    )
    document: Mapped[str] = mapped_column(primary_key=True)
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"))
    date: Mapped[str]
    category: Mapped[str]
    amount: Mapped[int]
    """Of the order that it is about."""
    tier: Mapped[str | None]
    """The customer's whose word it is; null where it is the vendor's own."""
    directed: Mapped[bool]
    """That customer, and not what vendors stand for, decided to whom the order went."""
    weight: Mapped[int]
    """When it was recorded; see `reputation.rules`."""
    good: Mapped[bool]


class EvidenceDay(Base):
    """The sums of a date's evidence of a kind about a vendor, all made anew each night.

    Those of the vendor with no name are of the whole market.
    """

    __tablename__ = "evidence_days"
    vendor: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """A `reputation.rules.Kind`."""
    good: Mapped[int]
    bad: Mapped[int]
    good_pieces: Mapped[int]
    bad_pieces: Mapped[int]


class FullValue(Base):
    """The amount from which all orders of a category weigh alike in an epoch; fixed as it begins."""

    __tablename__ = "full_values"
    category: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount: Mapped[int]
