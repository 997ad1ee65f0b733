"""The tables of brands: what they list, what runs froze of it and sent to them; see `marketplace.models`."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class CatalogueEntry(Base):
    """One version of a principal's catalogue item. All are kept: a run names the one that counted."""

    __tablename__ = "catalogue_items"
    __table_args__ = (
        UniqueConstraint("principal", "item", "seq"),
        Index(
            "ix_catalogue_items_newest",
            "principal",
            "item",
            unique=True,
            sqlite_where=text("newest"),
            postgresql_where=text("newest"),
        ),
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("vendors.did"))
    item: Mapped[str]
    seq: Mapped[int]
    category: Mapped[str]
    listed: Mapped[bool]
    newest: Mapped[bool]
    stored_at: Mapped[int]
    wire: Mapped[bytes]


class RunItem(Base):
    """The version of a catalogue item that counts for a request in a run: part of what the freeze fixes."""

    __tablename__ = "run_items"
    __table_args__ = (ANONYMOUS,)
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str]
    """The version's digest."""
    suspended: Mapped[bool]
    """Whether its principal was suspended."""


class RunFallback(Base):
    """A request that a run, or a tick after it, sent to the principal of its item. Rows are only inserted."""

    __tablename__ = "fallbacks"
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str]
    """The digest of the item's version that counted."""
    tick: Mapped[int]
    """0: the run itself."""


class SignedFallback(Base):
    """The signed document of a fallback; made after publication, chunk by chunk."""

    __tablename__ = "signed_fallbacks"
    __table_args__ = (Index("ix_signed_fallbacks_principal_position", "principal", "position"),)
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(unique=True)
    """Grows in the order of commits, so that a principal's fallbacks can be followed."""
    principal: Mapped[str]
    wire: Mapped[bytes]


class DemandGroup(Base):
    """A group in a day's report of unfilled demand. Empty text: the category or the area is not told."""

    __tablename__ = "demand_groups"
    day: Mapped[str] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    cell: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]
