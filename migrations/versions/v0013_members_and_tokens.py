"""Members, and the keys under which they draw posting tokens"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("did", BYTEWISE, nullable=False),
        sa.Column("key", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("tier", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("did", name="pk_members"),
        sa.UniqueConstraint("key", name="uq_members_key"),
    )
    op.create_table(
        "member_invitations",
        sa.Column("code_digest", BYTEWISE, nullable=False),
        sa.Column("uses_left", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code_digest", name="pk_member_invitations"),
    )
    op.create_table(
        "sponsor_counts",
        sa.Column("sponsor", BYTEWISE, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sponsor", "epoch", name="pk_sponsor_counts"),
    )
    op.create_table(
        "issuer_keys",
        sa.Column("key_id", BYTEWISE, nullable=False),
        sa.Column("tier", BYTEWISE, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("allotment", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("draws_until", sa.BigInteger(), nullable=False),
        sa.Column("redeems_until", sa.BigInteger(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_issuer_keys"),
        sa.UniqueConstraint("tier", "epoch", name="uq_issuer_keys_tier"),
    )
    op.create_index("ix_issuer_keys_redeems_until", "issuer_keys", ["redeems_until"])
    op.create_table(
        "token_draws",
        sa.Column("member", BYTEWISE, nullable=False),
        sa.Column("key_id", BYTEWISE, nullable=False),
        sa.Column("request_digest", BYTEWISE, nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member", "key_id", name="pk_token_draws"),
    )
    op.create_index("ix_token_draws_key_id", "token_draws", ["key_id"])


def downgrade() -> None:
    for table in ("token_draws", "issuer_keys", "sponsor_counts", "member_invitations", "members"):
        op.drop_table(table)
