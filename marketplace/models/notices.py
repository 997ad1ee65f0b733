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


class StoredWebhook(Base):
    """Where a vendor has its events sent, and how that goes."""

    __tablename__ = "webhooks"
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"), primary_key=True)
    seq: Mapped[int]
    digest: Mapped[str]
    wire: Mapped[bytes]
    """The signed Webhook that counts."""
    url: Mapped[str | None]
    """Null once it was taken away."""
    generation: Mapped[int]
    told: Mapped[int]
    """The number of the newest event that the receiver has taken."""
    failures: Mapped[int]
    """Attempts with the event after it that have failed."""
    run_at: Mapped[int]
    """Not before this instant is it called."""
    epoch: Mapped[int]
    """How often its lease was taken, or it was set. Only who took it last may write."""
    lease_until: Mapped[int]
    disabled: Mapped[bool]
    delivered_at: Mapped[int | None]
    failure: Mapped[str | None]
    """Why the last attempt failed."""


class FilterList(Base):
    """A vendor's newest SavedFilters."""

    __tablename__ = "filter_lists"
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"), primary_key=True)
    seq: Mapped[int]
    digest: Mapped[str]
    wire: Mapped[bytes]


class BoardFilter(Base):
    """One filter of a vendor's newest list. What is null lets everything through."""

    __tablename__ = "board_filters"
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"), primary_key=True)
    filter: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str | None]
    lat_e6: Mapped[int | None]
    lng_e6: Mapped[int | None]
    within_m: Mapped[int | None]
    min_price: Mapped[int | None]
    max_price: Mapped[int | None]
    delivery: Mapped[str | None]
