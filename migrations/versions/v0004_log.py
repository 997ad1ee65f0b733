"""The transparency log: what waits for it, its leaves, tiles and checkpoints"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("vendors") as table:
        table.add_column(sa.Column("suspension", sa.LargeBinary(), nullable=True))
    op.create_table(
        "log_waiting",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_log_waiting"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kept_documents",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("type", BYTEWISE, nullable=False),
        sa.Column("party", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_kept_documents"),
    )
    op.create_table(
        "log_leaves",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_log_leaves"),
        sa.UniqueConstraint("digest", name="uq_log_leaves_digest"),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_log_tiles"),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", BYTEWISE, nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoints"),
    )


def downgrade() -> None:
    for name in ("log_checkpoints", "log_tiles", "log_leaves", "kept_documents", "log_waiting"):
        op.drop_table(name)
    with op.batch_alter_table("vendors") as table:
        table.drop_column("suspension")
