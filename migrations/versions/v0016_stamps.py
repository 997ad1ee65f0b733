"""Stamps: given to pseudonyms, deposited by members, and counted into their standing"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    for table in ("stamp_grants", "stamp_arrivals"):
        op.create_table(
            table,
            sa.Column("pseudonym", BYTEWISE, nullable=False),
            sa.Column("claim", BYTEWISE, nullable=False),
            sa.Column("key_id", BYTEWISE, nullable=False),
            sa.Column("response", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("pseudonym", name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "spent_stamps",
        sa.Column("nonce", BYTEWISE, nullable=False),
        sa.Column("key_id", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_spent_stamps"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_spent_stamps_key_id", "spent_stamps", ["key_id"])
    op.create_table(
        "stamp_deposits",
        sa.Column("member", BYTEWISE, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("member", "epoch", name="pk_stamp_deposits"),
    )
    op.create_table(
        "standings",
        sa.Column("member", BYTEWISE, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False),
        sa.Column("fulfilled", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member", "epoch", name="pk_standings"),
    )
    op.create_index("ix_standings_epoch", "standings", ["epoch"])


def downgrade() -> None:
    for table in ("standings", "stamp_deposits", "spent_stamps", "stamp_arrivals", "stamp_grants"):
        op.drop_table(table)
