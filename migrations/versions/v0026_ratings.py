"""Ratings: what both sides of an assignment say of each other; and the tier of each request's token"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("requests", sa.Column("tier", BYTEWISE, nullable=True))
    op.create_table(
        "rated_assignments",
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("revealed_at", sa.BigInteger(), nullable=True),
        sa.Column("reveal", BYTEWISE, nullable=True),
        sa.Column("wire", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("assignment", name="pk_rated_assignments"),
        sa.UniqueConstraint("request", name="uq_rated_assignments_request"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_rated_assignments_hidden",
        "rated_assignments",
        ["closes_at", "assignment"],
        sqlite_where=sa.text("revealed_at IS NULL"),
        postgresql_where=sa.text("revealed_at IS NULL"),
    )
    op.create_index(
        "ix_rated_assignments_vendor_revealed_at",
        "rated_assignments",
        ["vendor", "revealed_at", "assignment"],
    )
    op.create_table(
        "ratings",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("by_customer", sa.Boolean(), nullable=False),
        sa.Column("stars", sa.BigInteger(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=True),
        sa.Column("revealed", sa.Boolean(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_ratings"),
        sa.UniqueConstraint("assignment", "by_customer", name="uq_ratings_assignment"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rating_answers",
        sa.Column("rating", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=True),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rating", name="pk_rating_answers"),
        sa.UniqueConstraint("digest", name="uq_rating_answers_digest"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("rating_answers")
    op.drop_table("ratings")
    op.drop_table("rated_assignments")
    op.drop_column("requests", "tier")
