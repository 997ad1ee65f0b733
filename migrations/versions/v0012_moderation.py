"""Reports of documents, and the operator's signed decisions to hide them"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("document", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_reports"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reports_document", "reports", ["document"])
    op.create_table(
        "moderations",
        sa.Column("document", BYTEWISE, nullable=False),
        sa.Column("type", BYTEWISE, nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("decision", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_moderations"),
    )
    op.add_column(
        "requests",
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("requests", "hidden")
    op.drop_table("moderations")
    op.drop_table("reports")
