"""Lines of bids: what a run reads of a bid in one value, in the index that it reads"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0024"

LINE = {
    "postgresql": "decode(digest, 'escape') || int4send(place_number) || int8send(amount) || "
    "int8send(distance_m) || int2send(way)",
    "sqlite": "printf('%s%010d%019d%019d%05d', digest, place_number, amount, distance_m, way)",
}
READ = ["digest", "place_number", "amount", "distance_m", "way"]


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    # SQLite adds no column that it would have to fill.
    line = sa.Computed(LINE[dialect], persisted=dialect == "postgresql")
    op.add_column("bids", sa.Column("line", sa.LargeBinary(), line, nullable=False))
    _index(["line"])


def downgrade() -> None:
    _index(READ)
    op.drop_column("bids", "line")


def _index(included: list[str]) -> None:
    op.drop_index("uq_bids_live", table_name="bids")
    op.create_index(
        "uq_bids_live",
        "bids",
        ["request", "vendor"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
        postgresql_include=included,
    )
