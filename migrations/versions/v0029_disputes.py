"""Disputes: what both sides of an assignment say, and the market's decision"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0032"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "disputed_assignments",
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("assignment", name="pk_disputed_assignments"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_disputed_assignments_vendor_opened_at",
        "disputed_assignments",
        ["vendor", "opened_at", "assignment"],
    )
    op.create_table(
        "disputes",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("by_customer", sa.Boolean(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=True),
        sa.Column("wire", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_disputes"),
        sa.UniqueConstraint("assignment", "by_customer", name="uq_disputes_assignment"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rulings",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("finds_for", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_rulings"),
        sa.UniqueConstraint("assignment", name="uq_rulings_assignment"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("rulings")
    op.drop_table("disputes")
    op.drop_table("disputed_assignments")
