"""Confirmations: whether what was assigned came"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "confirmations",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.Boolean(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_confirmations"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_confirmations_vendor_number_request", "confirmations", ["vendor", "number", "request"]
    )


def downgrade() -> None:
    op.drop_table("confirmations")
