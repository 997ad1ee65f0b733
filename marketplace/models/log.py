"""The log's tables."""

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class LogWaiting(Base):
    """The digest of a document that the log does not hold yet; no order of arrival."""

    __tablename__ = "log_waiting"
    __table_args__ = (ANONYMOUS,)
    digest: Mapped[str] = mapped_column(primary_key=True)


class KeptDocument(Base):
    """A logged document that has no other home: every version of what can be replaced is kept."""

    __tablename__ = "kept_documents"
    digest: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    party: Mapped[str]
    """Whom it is about: a vendor's did, or the market's."""
    wire: Mapped[bytes]


class LogLeaf(Base):
    """A leaf: which document stands where."""

    __tablename__ = "log_leaves"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(unique=True)


class LogTile(Base):
    """A tile of hashes, as far as it is filled."""

    __tablename__ = "log_tiles"
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hashes: Mapped[bytes]


class LogCheckpoint(Base):
    """A signed statement of the log's size and root, as it was published."""

    __tablename__ = "log_checkpoints"
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str]
    published_at: Mapped[int]
