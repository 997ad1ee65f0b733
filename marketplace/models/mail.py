"""The tables of what passes between bidders and a request's owner, and of the mail that carries it."""

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class StoredPreference(Base):
    """The newest Preference on a request that a batch instant or a close has taken out of `pending`."""

    __tablename__ = "preferences"
    __table_args__ = (ANONYMOUS,)
    request: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    seq: Mapped[int]
    publish_by: Mapped[int]
    wire: Mapped[bytes]


class RunPreference(Base):
    """The Preference that counts for a request in a run: part of what the freeze fixes."""

    __tablename__ = "run_preferences"
    __table_args__ = (ANONYMOUS,)
    day: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(primary_key=True)
    preference: Mapped[str]
    wire: Mapped[bytes]


class AlternativeBid(Base):
    """A bid that offers something else than was asked for; few are, so a run finds them here."""

    __tablename__ = "alternative_bids"
    bid: Mapped[str] = mapped_column(ForeignKey("bids.digest"), primary_key=True)
    request: Mapped[str]


class StoredQuestion(Base):
    """The one question that a vendor asked about a request."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("request", "vendor"),)
    digest: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str] = mapped_column(ForeignKey("requests.digest"))
    vendor: Mapped[str] = mapped_column(ForeignKey("vendors.did"))
    wire: Mapped[bytes]


class StoredAnswer(Base):
    """The owner's answer to a question, published in a batch."""

    __tablename__ = "answers"
    __table_args__ = (ANONYMOUS,)
    question: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    publish_by: Mapped[int]
    wire: Mapped[bytes]


class MailWaiting(Base):
    """A document that waits to be sealed to the owner of the request that it is about."""

    __tablename__ = "mail_waiting"
    __table_args__ = (ANONYMOUS,)
    mailbox: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(primary_key=True)


class MailSegment(Base):
    """A part of the mail; it never changes."""

    __tablename__ = "mail_segments"
    __table_args__ = (Index("ix_mail_segments_instant_segment", "instant", "segment"),)
    segment: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the content."""
    bucket: Mapped[str] = mapped_column(server_default=text("''"))
    instant: Mapped[int]
    messages: Mapped[int]
    size: Mapped[int]
    content: Mapped[bytes]
