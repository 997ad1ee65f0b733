"""Brands: catalogue items, what requests name of them, fallbacks, and reports of unfilled demand"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "catalogue_items",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("principal", BYTEWISE, nullable=False),
        sa.Column("item", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("category", BYTEWISE, nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["principal"], ["vendors.did"], name="fk_catalogue_items_principal"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_catalogue_items"),
        sa.UniqueConstraint("principal", "item", "seq", name="uq_catalogue_items_principal"),
    )
    newest = sa.text("newest")
    op.create_index(
        "ix_catalogue_items_newest",
        "catalogue_items",
        ["principal", "item"],
        unique=True,
        sqlite_where=newest,
        postgresql_where=newest,
    )
    op.add_column("requests", sa.Column("principal", BYTEWISE, nullable=True))
    op.add_column("requests", sa.Column("item", BYTEWISE, nullable=True))
    names_one = sa.text("principal IS NOT NULL")
    op.create_index(
        "ix_requests_item", "requests", ["day"], sqlite_where=names_one, postgresql_where=names_one
    )
    op.create_table(
        "run_items",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("item", BYTEWISE, nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_run_items"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fallbacks",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("item", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_fallbacks"),
    )
    op.create_table(
        "signed_fallbacks",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("principal", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_signed_fallbacks"),
        sa.UniqueConstraint("position", name="uq_signed_fallbacks_position"),
    )
    op.create_index(
        "ix_signed_fallbacks_principal_position", "signed_fallbacks", ["principal", "position"]
    )
    op.create_table(
        "demand_groups",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("category", BYTEWISE, nullable=False),
        sa.Column("cell", BYTEWISE, nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "category", "cell", name="pk_demand_groups"),
    )


def downgrade() -> None:
    for name in ("demand_groups", "signed_fallbacks", "fallbacks", "run_items"):
        op.drop_table(name)
    op.drop_index("ix_requests_item", "requests")
    for name in ("item", "principal"):
        op.drop_column("requests", name)
    op.drop_table("catalogue_items")
