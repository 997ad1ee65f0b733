"""The tables of reports and of the operator's decisions to hide documents."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class StoredReport(Base):
    """Somebody's report of a document. It is anonymous: nothing tells when it came."""

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_document", "document"), ANONYMOUS)
    digest: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str]
    wire: Mapped[bytes]


class StoredModeration(Base):
    """The newest decision about a document; the log's `kept_documents` has the ones before."""

    __tablename__ = "moderations"
    document: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    hidden: Mapped[bool]
    seq: Mapped[int]
    decision: Mapped[str]
    """The decision's digest."""
    wire: Mapped[bytes]
