"""Newcomers: who may lead, on which requests, and how far its quota has gone"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")

COUNTS = (
    ("runs", "newcomer_share"),
    ("run_places", "leads"),
    ("run_places", "led"),
    ("tick_places", "leads"),
)


def upgrade() -> None:
    op.add_column(
        "requests",
        sa.Column("tries_newcomers", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    for table, column in COUNTS:
        op.add_column(
            table, sa.Column(column, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )
    op.create_table(
        "led_awards",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("day", "request", "tick", name="pk_led_awards"),
    )


def downgrade() -> None:
    op.drop_table("led_awards")
    for table, column in reversed(COUNTS):
        op.drop_column(table, column)
    op.drop_column("requests", "tries_newcomers")
