"""The tables of what vendors are told."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import Base


class Event(Base):
    """Something that a vendor is told. Its numbers are the vendor's own, from 1, without a gap."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_instant", "instant"),)
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str]
    instant: Mapped[int]
    """When it happened."""
    data: Mapped[bytes]
    """JSON: what it is about."""
