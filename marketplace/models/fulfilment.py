"""The tables of what follows on an accepted assignment."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class Delivery(Base):
    """What has become of an accepted assignment; made with its Acceptance, one for each request."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("assignment"),
        Index("ix_deliveries_vendor_accepted_at_request", "vendor", "accepted_at", "request"),
        Index(
            "ix_deliveries_deadline",
            "deadline",
            sqlite_where=text("deadline IS NOT NULL"),
            postgresql_where=text("deadline IS NOT NULL"),
        ),
        Index("ix_deliveries_day_request", "day", "request"),
        ANONYMOUS,
    )
    request: Mapped[str] = mapped_column(primary_key=True)
    assignment: Mapped[str]
    day: Mapped[str]
    tick: Mapped[int]
    """0 for an assignment of the day's run."""
    vendor: Mapped[str]
    pseudonym: Mapped[str]
    lead_hours: Mapped[int]
    """As the bid says."""
    accepted_at: Mapped[int]
    disclosed_at: Mapped[int | None]
    """The batch instant that handed over the Disclosure from which its vendor's time runs."""
    shipped_at: Mapped[int | None]
    """When the vendor said that it is on its way, or ready."""
    overdue: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the vendor let its time and the grace pass without a word."""
    deadline: Mapped[int | None]
    """When somebody's time runs out next; null once it has ended, and where it began before there were any."""
    ended_at: Mapped[int | None]
    """From when on nobody can change what has become of it."""
    state: Mapped[str]
    """See `marketplace.fulfilment.rules`."""


class _OfVendor:
    """What a vendor says of an order."""

    request: Mapped[str] = mapped_column(ForeignKey("deliveries.request"), primary_key=True)
    vendor: Mapped[str]
    digest: Mapped[str]
    wire: Mapped[bytes]


class StoredShipment(_OfVendor, Base):
    """A vendor's word that it has shipped an order, or has it ready."""

    __tablename__ = "shipments"
    late: Mapped[bool]
    """Whether its time was over."""


class StoredVendorCancellation(_OfVendor, Base):
    """A vendor's word that it will not deliver after all."""

    __tablename__ = "vendor_cancellations"


class _OfCustomer:
    """What the customer says of an order to its vendor, taken out of `pending` at a batch instant."""

    request: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    """Of the batch that it came with, so that its vendor finds what is new behind what it has read."""
    vendor: Mapped[str]
    assignment: Mapped[str]
    digest: Mapped[str]
    publish_by: Mapped[int]


class StoredCancellation(_OfCustomer, Base):
    """A customer's word that it wants no delivery any more, which came in time."""

    __tablename__ = "cancellations"
    __table_args__ = (
        Index("ix_cancellations_vendor_number_request", "vendor", "number", "request"),
        ANONYMOUS,
    )
    wire: Mapped[bytes]


class StoredHandover(_OfCustomer, Base):
    """A customer's word at the counter that it has what was assigned, which the vendor brought."""

    __tablename__ = "handovers"
    __table_args__ = (ANONYMOUS,)
    wire: Mapped[bytes]


class StoredDisclosure(_OfCustomer, Base):
    """The newest Disclosure on a request."""

    __tablename__ = "disclosures"
    __table_args__ = (
        Index("ix_disclosures_vendor_number_request", "vendor", "number", "request"),
        ANONYMOUS,
    )
    seq: Mapped[int]
    wire: Mapped[bytes | None]
    """Null when the market has kept it long enough."""


class StoredConfirmation(_OfCustomer, Base):
    """The newest Confirmation on a request."""

    __tablename__ = "confirmations"
    __table_args__ = (
        Index("ix_confirmations_vendor_number_request", "vendor", "number", "request"),
        ANONYMOUS,
    )
    seq: Mapped[int]
    received: Mapped[bool]
    wire: Mapped[bytes]
