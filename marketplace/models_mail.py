"""The tables of what passes between bidders and a request's owner before the close."""

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
