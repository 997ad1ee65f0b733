"""Messages: the sealed conversation about an accepted assignment"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0030"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("commitment", BYTEWISE, nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_messages"),
        sa.UniqueConstraint("assignment", "number", name="uq_messages_assignment"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_messages_batch", "messages", ["batch"])
    op.create_index("ix_messages_vendor_batch_digest", "messages", ["vendor", "batch", "digest"])
    op.create_table(
        "vendor_messages",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("commitment", BYTEWISE, nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request"], ["requests.digest"], name="fk_vendor_messages_request_requests"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_vendor_messages"),
        sa.UniqueConstraint("assignment", "number", name="uq_vendor_messages_assignment"),
    )


def downgrade() -> None:
    op.drop_table("vendor_messages")
    op.drop_table("messages")
