"""The tables of members and of the keys under which they draw posting tokens.

They tell who may draw and who has drawn, and nothing about what is posted: a spent token is known by its nonce,
which is the pseudonym of the request that it was spent for, and stands there.
"""

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models import Base


class Member(Base):
    """A person whom the market has admitted, named by the first key of a chain."""

    __tablename__ = "members"
    did: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """The did:key that signs for the member now."""
    seq: Mapped[int]
    tier: Mapped[str]
    digest: Mapped[str]
    wire: Mapped[bytes]
    """The signed Membership that counts."""


class MemberInvitation(Base):
    """A code that admits members, kept only as its SHA-256."""

    __tablename__ = "member_invitations"
    code_digest: Mapped[str] = mapped_column(primary_key=True)
    uses_left: Mapped[int]


class SponsorCount(Base):
    """For how many others a member spoke in an epoch; for whom is not kept."""

    __tablename__ = "sponsor_counts"
    sponsor: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    used: Mapped[int]


class StoredIssuerKey(Base):
    """A public issuer key; the secret one derives from the market's keys and is not stored."""

    __tablename__ = "issuer_keys"
    __table_args__ = (UniqueConstraint("tier", "epoch"),)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[str]
    epoch: Mapped[int]
    attempt: Mapped[int]
    """How many keys of this tier and epoch were passed over, whose truncated ids another living key had."""
    allotment: Mapped[int]
    not_before: Mapped[int]
    draws_until: Mapped[int]
    redeems_until: Mapped[int] = mapped_column(index=True)
    digest: Mapped[str]
    wire: Mapped[bytes]
    """The signed IssuerKey."""
    issued: Mapped[int]
    """As of the newest batch instant, like `redeemed`."""
    redeemed: Mapped[int]


class TokenDraw(Base):
    """That a member has drawn under a key, and what the answer was."""

    __tablename__ = "token_draws"
    member: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    request_digest: Mapped[str]
    response: Mapped[bytes]
    """Empty once the member has left."""
