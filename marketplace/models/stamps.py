"""The tables of stamps: who was given one, which were deposited, and what that makes of a member.

The first three are of pseudonyms and of stamps, the last two of members; nothing joins them.
"""

from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class StampGrant(Base):
    """The stamp that a pseudonym was given: one at most, whatever became of its token."""

    __tablename__ = "stamp_grants"
    __table_args__ = (ANONYMOUS,)
    pseudonym: Mapped[str] = mapped_column(primary_key=True)
    claim: Mapped[str]
    """The digest of the StampClaim."""
    key_id: Mapped[str]
    response: Mapped[bytes]


class StampArrival(Base):
    """A stamp that was given since the newest batch instant; at the next one it moves to the others."""

    __tablename__ = "stamp_arrivals"
    __table_args__ = (ANONYMOUS,)
    pseudonym: Mapped[str] = mapped_column(primary_key=True)
    claim: Mapped[str]
    key_id: Mapped[str]
    response: Mapped[bytes]


class SpentStamp(Base):
    """A stamp that was deposited, kept as long as its key takes deposits; by whom is not kept."""

    __tablename__ = "spent_stamps"
    __table_args__ = (ANONYMOUS,)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(index=True)


class StampDeposited(Base):
    """That a member made its deposit of an epoch, and its digest, so that a repeated one does no harm."""

    __tablename__ = "stamp_deposits"
    member: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]


class Standing(Base):
    """What a member drew and deposited in an epoch, in numbers."""

    __tablename__ = "standings"
    member: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, index=True)
    drawn: Mapped[int]
    fulfilled: Mapped[int]
    returned: Mapped[int]
