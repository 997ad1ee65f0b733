"""Events: what each vendor is told, in order"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", BYTEWISE, nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_events_vendor"),
        sa.PrimaryKeyConstraint("vendor", "number", name="pk_events"),
    )
    op.create_index("ix_events_instant", "events", ["instant"])


def downgrade() -> None:
    op.drop_table("events")
