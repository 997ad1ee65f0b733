"""The tables of the cascade: what vendors answered, the ticks, and what a day leaves to later days.

Instants and distances are as in `models`. Rows are only ever inserted, but for the stage and lease of a tick
and for ticks at which nothing turned out to be displaced.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class Announcement(Base):
    """The assignments of a run (tick 0) or of a tick are out, all of them: vendors' time runs from here."""

    __tablename__ = "announcements"
    __table_args__ = (UniqueConstraint("day", "tick"),)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """In order of announcement, so that what is new follows what was read."""
    day: Mapped[str] = mapped_column(ForeignKey("runs.day"))
    tick: Mapped[int]
    instant: Mapped[int]
    late_by: Mapped[int]
    """Seconds by which every ``accept_by`` of it is put off."""


class AssignmentAnswer(Base):
    """A vendor's one answer to an assignment: that there is one row makes it one answer."""

    __tablename__ = "assignment_answers"
    __table_args__ = (
        Index("ix_assignment_answers_day_request_tick", "day", "request", "tick"),
        Index(
            "ix_assignment_answers_declined",
            "day",
            "answered_at",
            sqlite_where=text("NOT accepted"),
            postgresql_where=text("NOT accepted"),
        ),
    )
    assignment: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str]
    request: Mapped[str]
    tick: Mapped[int]
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"))
    accepted: Mapped[bool]
    answered_at: Mapped[int]
    digest: Mapped[str]
    """Of the Acceptance or Decline."""
    wire: Mapped[bytes]


class Tick(Base):
    """An instant at which a day's displaced requests are matched again.

    It is made beforehand, when it becomes known that something may be displaced then, and deleted if nothing
    was.
    """

    __tablename__ = "ticks"
    __table_args__ = (UniqueConstraint("day", "tick"), Index("ix_ticks_stage", "stage"))
    day: Mapped[str] = mapped_column(ForeignKey("runs.day"), primary_key=True)
    instant: Mapped[int] = mapped_column(primary_key=True)
    tick: Mapped[int | None]
    """Its number, from ``frozen`` on: 1 for the day's first at which something was displaced."""
    stage: Mapped[str]
    """As a run's."""
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[int] = mapped_column(server_default=text("0"))
    findings: Mapped[bytes | None]
    report: Mapped[bytes | None]


class Displaced(Base):
    """A request whose assignment did not hold, as a tick froze it."""

    __tablename__ = "displaced"
    __table_args__ = (Index("ix_displaced_day_request", "day", "request"),)
    day: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    assigned_at: Mapped[int]
    """The tick whose assignment it was."""
    bid: Mapped[str]
    vendor: Mapped[str]
    reason: Mapped[str]
    """``declined`` or ``timed-out``."""
    too_late: Mapped[bool]
    """It was needed before the tick, so that nobody else gets it."""


class TickPlace(Base):
    """What a place that bid on a displaced request could still take at a tick."""

    __tablename__ = "tick_places"
    day: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    vendor: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    units: Mapped[int]
    leads: Mapped[int] = mapped_column(server_default=text("0"))
    """On how many more requests of the epoch its vendor could lead."""


class RollOver(Base):
    """A request that a day left unfilled and that joined a later cutoff."""

    __tablename__ = "roll_overs"
    __table_args__ = (ANONYMOUS,)
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int]
    cutoff: Mapped[int]


class RunBid(Base):
    """A bid that was live at a day's close on a request that rolled over afterwards."""

    __tablename__ = "run_bids"
    __table_args__ = (Index("ix_run_bids_bid", "bid"),)
    day: Mapped[str] = mapped_column(primary_key=True)
    bid: Mapped[str] = mapped_column(primary_key=True)
