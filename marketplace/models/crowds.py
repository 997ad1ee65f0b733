"""The table of crowds."""

from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import ANONYMOUS, Base


class CrowdDay(Base):
    """How many requests of one date (UTC) show the same, as JSON (`crowds.rules.Counts`); moved by batches."""

    __tablename__ = "crowd_days"
    __table_args__ = (ANONYMOUS,)
    date: Mapped[str] = mapped_column(primary_key=True)
    counts: Mapped[bytes]
