"""Disclosures: what customers told the vendors that accepted, sealed"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "disclosures",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("request", name="pk_disclosures"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_disclosures_vendor_number_request", "disclosures", ["vendor", "number", "request"]
    )


def downgrade() -> None:
    op.drop_table("disclosures")
