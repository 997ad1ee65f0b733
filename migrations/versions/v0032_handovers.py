"""Handovers: what customers signed at the counter"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_handovers"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("handovers")
