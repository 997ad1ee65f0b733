"""Webhooks: where each vendor has its events sent, and how that goes"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("url", BYTEWISE, nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", BYTEWISE, nullable=True),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_webhooks_vendor"),
        sa.PrimaryKeyConstraint("vendor", name="pk_webhooks"),
    )


def downgrade() -> None:
    op.drop_table("webhooks")
