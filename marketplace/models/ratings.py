"""The tables of ratings: hidden until both sides of an assignment have rated, or its time is over."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class RatedAssignment(Base):
    """An assignment that one of its sides has rated at least."""

    __tablename__ = "rated_assignments"
    __table_args__ = (
        Index(
            "ix_rated_assignments_hidden",
            "closes_at",
            "assignment",
            sqlite_where=text("revealed_at IS NULL"),
            postgresql_where=text("revealed_at IS NULL"),
        ),
        Index("ix_rated_assignments_vendor_revealed_at", "vendor", "revealed_at", "assignment"),
        ANONYMOUS,
    )
    assignment: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(unique=True)
    vendor: Mapped[str]
    closes_at: Mapped[int]
    """The batch instant at which nobody can rate it any more, and what was said is revealed."""
    revealed_at: Mapped[int | None]
    """The batch instant at which that was done."""
    reveal: Mapped[str | None]
    """The digest of the signed Reveal."""
    wire: Mapped[bytes | None]


class StoredRating(Base):
    """What one side of an assignment says of the other."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("assignment", "by_customer"), ANONYMOUS)
    digest: Mapped[str] = mapped_column(primary_key=True)
    assignment: Mapped[str]
    request: Mapped[str]
    by_customer: Mapped[bool]
    stars: Mapped[int]
    publish_by: Mapped[int | None]
    """As promised to the customer; null where the vendor says it."""
    revealed: Mapped[bool]
    wire: Mapped[bytes]


class StoredRatingAnswer(Base):
    """The one answer to a rating."""

    __tablename__ = "rating_answers"
    __table_args__ = (UniqueConstraint("digest"), ANONYMOUS)
    rating: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    request: Mapped[str]
    publish_by: Mapped[int | None]
    """As of a rating."""
    wire: Mapped[bytes]
