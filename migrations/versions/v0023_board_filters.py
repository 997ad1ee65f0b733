"""Board filters: of which published requests each vendor wants to be told"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "filter_lists",
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_filter_lists_vendor"),
        sa.PrimaryKeyConstraint("vendor", name="pk_filter_lists"),
    )
    op.create_table(
        "board_filters",
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("filter", BYTEWISE, nullable=False),
        sa.Column("category", BYTEWISE, nullable=True),
        sa.Column("lat_e6", sa.BigInteger(), nullable=True),
        sa.Column("lng_e6", sa.BigInteger(), nullable=True),
        sa.Column("within_m", sa.BigInteger(), nullable=True),
        sa.Column("min_price", sa.BigInteger(), nullable=True),
        sa.Column("max_price", sa.BigInteger(), nullable=True),
        sa.Column("delivery", BYTEWISE, nullable=True),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_board_filters_vendor"),
        sa.PrimaryKeyConstraint("vendor", "filter", name="pk_board_filters"),
    )


def downgrade() -> None:
    op.drop_table("board_filters")
    op.drop_table("filter_lists")
