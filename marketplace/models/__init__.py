"""The tables. Instants are whole seconds since 1970-01-01T00:00:00Z, distances metres, money minor units.

Tables of anonymous things are keyed by digest and hold no time of arrival and no counter. On SQLite they are
``WITHOUT ROWID``, since a rowid would keep the order of arrival; on PostgreSQL their rows are only ever
inserted sorted by digest, a whole batch in one transaction.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ANONYMOUS = {"sqlite_with_rowid": False}

# Digests and names compare byte by byte on every database, whatever its locale.
BYTEWISE = String().with_variant(VARCHAR(collation="C"), "postgresql")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: BigInteger, str: BYTEWISE}


class Vendor(Base):
    """An admitted vendor and the profile that counts now."""

    __tablename__ = "vendors"
    did: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    name: Mapped[str]
    profile_digest: Mapped[str]
    wire: Mapped[bytes]
    suspended: Mapped[bool] = mapped_column(server_default=text("false"))
    suspension: Mapped[bytes | None]
    """The signed Suspension that counts, if the operator ever decided about the vendor."""


class VendorPlace(Base):
    """A place of the profile that counts now."""

    __tablename__ = "vendor_places"
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    lat_e6: Mapped[int]
    lng_e6: Mapped[int]
    reach_m: Mapped[int]
    capacity: Mapped[int]


class PlaceNumber(Base):
    """The number by which bids name a vendor's place; it never changes, nor is it used again."""

    __tablename__ = "place_numbers"
    __table_args__ = (UniqueConstraint("vendor", "place"),)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"))
    place: Mapped[str]


class PlaceCapacity(Base):
    """The units that a place takes on one local date, where the vendor said so."""

    __tablename__ = "capacities"
    vendor: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[str] = mapped_column(primary_key=True)
    units: Mapped[int]
    seq: Mapped[int]
    digest: Mapped[str]
    wire: Mapped[bytes]


class Invitation(Base):
    """A vendor's invitation, kept only as the SHA-256 of its code."""

    __tablename__ = "invitations"
    code_digest: Mapped[str] = mapped_column(primary_key=True)
    uses_left: Mapped[int]


class ReadNonce(Base):
    """A nonce of a signed read, kept as long as its signature could be replayed."""

    __tablename__ = "read_nonces"
    vendor: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[int] = mapped_column(index=True)


class Pending(Base):
    """An anonymous document that waits for its batch instant; publication deletes it."""

    __tablename__ = "pending"
    __table_args__ = (ANONYMOUS,)
    digest: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """The document's type."""
    pseudonym: Mapped[str]
    request: Mapped[str | None]
    """The digest of the request that it is about; null when it is a request itself."""
    wire: Mapped[bytes]
    publish_by: Mapped[int]
    issuer_key: Mapped[str | None]
    """The id of the key under which a request's posting token was drawn; it is counted with the batch."""


class BatchClock(Base):
    """One row: the newest batch instant that the market has come to. What arrives later waits for the next.

    Without it a request would be published when it arrives, with the instant that has just gone by.
    """

    __tablename__ = "batch_clock"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    instant: Mapped[int]


class Batch(Base):
    """An instant at which pending documents became public, together."""

    __tablename__ = "batches"
    instant: Mapped[int] = mapped_column(primary_key=True)
    requests: Mapped[int]
    withdrawals: Mapped[int]
    first_leaf: Mapped[int | None]
    """Where its documents begin in the log. They stand there side by side; null in batches from before that."""
    leaves: Mapped[int | None]
    """How many they are, Preferences and answers to questions among them."""


class PublishedRequest(Base):
    """A published request. `published_at` is its batch's instant; `cutoff` the one that it joined then."""

    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("pseudonym"),
        Index("ix_requests_published_at_digest", "published_at", "digest"),
        Index(
            "ix_requests_open",
            "cutoff",
            "mailbox",
            sqlite_where=text("day IS NULL"),
            postgresql_where=text("day IS NULL"),
        ),
        Index(
            "ix_requests_item",
            "day",
            sqlite_where=text("principal IS NOT NULL"),
            postgresql_where=text("principal IS NOT NULL"),
        ),
        ANONYMOUS,
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
    pseudonym: Mapped[str]
    mailbox: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """The pseudonym's, which decides in which bucket its mail lies."""
    published_at: Mapped[int]
    publish_by: Mapped[int]
    bids_close: Mapped[int]
    cutoff: Mapped[int]
    day: Mapped[str | None]
    """The newest market day that took it; null while it is open. What a day took stands in `run_requests`."""
    withdrawn_at: Mapped[int | None]
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    """The operator has hidden it: no run takes it."""
    category: Mapped[str]
    price_kind: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    lat_e6: Mapped[int]
    lng_e6: Mapped[int]
    radius_m: Mapped[int]
    ships: Mapped[bool]
    picked_up: Mapped[bool]
    on_site: Mapped[bool]
    policy: Mapped[str]
    terms: Mapped[str]
    """The digest of the terms' text."""
    principal: Mapped[str | None]
    """With `item`, the catalogue item that it names; both are null where it names none."""
    item: Mapped[str | None]
    needed_by: Mapped[int | None]
    tier: Mapped[str | None]
    """Of the posting token that it spent; null in requests from before it was kept."""
    rolls_until: Mapped[int | None]
    """The last instant of a cutoff that it may roll over to; null where it does not roll over."""
    tries_newcomers: Mapped[bool] = mapped_column(server_default=text("false"))
    """Its author allows that newcomers go first on it."""
    wire: Mapped[bytes]


class PublishedWithdrawal(Base):
    """A customer's withdrawal, published in its batch."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        Index("ix_withdrawals_published_at_digest", "published_at", "digest"),
        ANONYMOUS,
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(index=True)
    published_at: Mapped[int]
    publish_by: Mapped[int]
    wire: Mapped[bytes]


class BidLine(ColumnElement[bytes]):
    """A bid's digest, place number, amount, distance and way side by side, each as wide as `marketplace.bulk`
    reads it: as bytes on PostgreSQL, which stores them, as text on SQLite, which makes it when asked."""

    inherit_cache = True
    type = LargeBinary()


@compiles(BidLine, "postgresql")
def _bytes_of_line(*_: Any, **__: Any) -> str:
    numbers = "int4send(place_number) || int8send(amount) || int8send(distance_m) || int2send(way)"
    return f"decode(digest, 'escape') || {numbers}"


@compiles(BidLine, "sqlite")
def _text_of_line(*_: Any, **__: Any) -> str:
    return "printf('%s%010d%019d%019d%05d', digest, place_number, amount, distance_m, way)"


class StoredBid(Base):
    """A vendor's bid. At most one per vendor and request is live."""

    __tablename__ = "bids"
    __table_args__ = (
        Index(
            "uq_bids_live",
            "request",
            "vendor",
            unique=True,
            sqlite_where=text("state = 'live'"),
            postgresql_where=text("state = 'live'"),
            # A run reads its bids out of this index alone.
            postgresql_include=["line"],
        ),
        Index("ix_bids_vendor_digest", "vendor", "digest"),
    )
    digest: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("requests.digest"))
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"))
    place: Mapped[str]
    place_number: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int]
    amount: Mapped[int]
    delivery: Mapped[str]
    way: Mapped[int] = mapped_column(SmallInteger)
    """The way of delivery as the resolver numbers it."""
    distance_m: Mapped[int]
    line: Mapped[bytes] = mapped_column(Computed(BidLine(), persisted=True))
    """What a run reads of it in one value, which costs the server less to join than five; see `BidLine`."""
    state: Mapped[str]
    """``live``, ``superseded``, ``withdrawn``, or ``lapsed`` when its request rolled over without it."""
    valid_until: Mapped[int | None]
    received_at: Mapped[int] = mapped_column(server_default=text("0"))
    wire: Mapped[bytes]


class StoredBidWithdrawal(Base):
    __tablename__ = "bid_withdrawals"
    digest: Mapped[str] = mapped_column(primary_key=True)
    bid: Mapped[str] = mapped_column(ForeignKey("bids.digest"))
    received_at: Mapped[int] = mapped_column(server_default=text("0"))
    wire: Mapped[bytes]


class Run(Base):
    """The one resolution of one cutoff."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("cutoff"), UniqueConstraint("ordinal"))
    day: Mapped[str] = mapped_column(primary_key=True)
    cutoff: Mapped[int]
    takes_until: Mapped[int]
    """Requests that joined a cutoff at or before this instant belong to the run."""
    ordinal: Mapped[int]
    stage: Mapped[str]
    """``due``, ``frozen``, ``resolved``, ``published`` or ``announced``."""
    seed: Mapped[str | None]
    newcomer_share: Mapped[int] = mapped_column(server_default=text("0"))
    """The descriptor's at the freeze: on so many of 1000 requests that allow it newcomers go first."""
    log_size: Mapped[int | None]
    """How many leaves the log had when the run was frozen, all that the run counts among them."""
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    """How often the run's lease was taken. Only who took it last may write."""
    lease_until: Mapped[int] = mapped_column(server_default=text("0"))
    findings: Mapped[bytes | None]
    """What the resolver found, for the report: JSON, from ``resolved`` on."""
    report: Mapped[bytes | None]
    """The signed report, from ``published`` on."""


class RunRequest(Base):
    """A request that a run froze: with the bids that were live on it, the run's snapshot."""

    __tablename__ = "run_requests"
    __table_args__ = (ANONYMOUS,)
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """From 0, in order of the day's requests: what a bid's column says in place of 43 characters."""
    line: Mapped[bytes] = mapped_column(server_default=text("''"))
    """What the run reads of the request, in one value; see `runs.snapshot`."""


class RunPlace(Base):
    """A vendor's place as the run froze it."""

    __tablename__ = "run_places"
    day: Mapped[str] = mapped_column(ForeignKey("runs.day"), primary_key=True)
    vendor: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    profile: Mapped[str]
    lat_e6: Mapped[int]
    lng_e6: Mapped[int]
    reach_m: Mapped[int]
    units: Mapped[int]
    awarded: Mapped[int] = mapped_column(server_default=text("0"))
    """The units awarded on the date before the freeze and not freed; `units` are what was left then."""
    freed: Mapped[int] = mapped_column(server_default=text("0"))
    """The units of the date that were awarded and freed before the freeze."""
    band: Mapped[int]
    suspended: Mapped[bool]
    leads: Mapped[int] = mapped_column(server_default=text("0"))
    """On how many more requests of the epoch its vendor may lead, as a newcomer; 0 for others."""
    led: Mapped[int] = mapped_column(server_default=text("0"))
    """In how many awards of the epoch it did before the freeze."""


class Award(Base):
    """What a run, or a tick of its cascade, gave to whom. Rows are only ever inserted, all of it at once.

    It has no foreign key and no second index: a million rows are copied into it at once.
    """

    __tablename__ = "awards"
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True, server_default=text("0"))
    """0 for the run itself."""
    bid: Mapped[str]
    rank: Mapped[int]
    """The bid's place in the request's order, from 1."""
    eligible: Mapped[int]
    reserve: Mapped[str]
    """The digests of the runners-up, best first, one behind the other; each has 43 characters."""


class LedAward(Base):
    """An award to a newcomer whose bid led: it counts to the vendor's quota for the epoch of its day."""

    __tablename__ = "led_awards"
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    vendor: Mapped[str]


class SignedAssignment(Base):
    """The signed document of an award; made after publication, chunk by chunk."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_assignments_vendor_day_tick_request", "vendor", "day", "tick", "request"),
        Index("ix_assignments_day_tick_accept_by", "day", "tick", "accept_by"),
    )
    day: Mapped[str] = mapped_column(ForeignKey("runs.day"), primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    vendor: Mapped[str]
    accept_by: Mapped[int]
    wire: Mapped[bytes]


class OutboxItem(Base):
    """Work that follows from something stored, inserted in the same transaction; done, it is deleted."""

    __tablename__ = "outbox"
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    """How often somebody began with it. Only who began last may write."""
    run_at: Mapped[int]
    lease_until: Mapped[int]
    parked: Mapped[bool]
    """It failed too often, and waits for the operator."""


class Unfilled(Base):
    """A request that a day could not give to anybody, and why: at its run or at a later tick."""

    __tablename__ = "unfilled"
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str]
