"""How many published requests show the same area, category or facet, by date"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "crowd_days",
        sa.Column("date", BYTEWISE, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("date", name="pk_crowd_days"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("crowd_days")
