"""Durable runs: lease and epoch, the frozen requests, narrow awards, signed assignments, the outbox"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
BLOCK = 1000

RUNS = sa.table("runs", *map(sa.column, ("day", "stage")))
OLD_AWARDS = sa.table(
    "awards", *map(sa.column, ("day", "request", "ordinal", "vendor", "bid", "wire"))
)
NEW_AWARDS = sa.table(
    "awards", *map(sa.column, ("day", "request", "bid", "rank", "eligible", "reserve"))
)
ASSIGNMENTS = sa.table(
    "assignments", *map(sa.column, ("day", "request", "ordinal", "vendor", "wire"))
)


def upgrade() -> None:
    with op.batch_alter_table("requests") as table:
        table.drop_index("ix_requests_day_digest")
    is_open = sa.text("day IS NULL")
    op.create_index(
        "ix_requests_open", "requests", ["cutoff"], sqlite_where=is_open, postgresql_where=is_open
    )
    with op.batch_alter_table("runs") as table:
        for name in ("epoch", "lease_until"):
            table.add_column(
                sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            )
        table.add_column(sa.Column("findings", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("unfilled") as table:
        table.drop_constraint("fk_unfilled_day", type_="foreignkey")
    op.create_table(
        "place_numbers",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("place", BYTEWISE, nullable=False),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_place_numbers_vendor"),
        sa.PrimaryKeyConstraint("number", name="pk_place_numbers"),
        sa.UniqueConstraint("vendor", "place", name="uq_place_numbers_vendor"),
    )
    _number_places()
    op.create_table(
        "run_requests",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_run_requests"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("kind", BYTEWISE, nullable=False),
        sa.Column("key", BYTEWISE, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_outbox"),
    )
    op.create_table(
        "assignments",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name="fk_assignments_day"),
        sa.PrimaryKeyConstraint("day", "request", name="pk_assignments"),
    )
    op.create_index(
        "ix_assignments_vendor_ordinal_request", "assignments", ["vendor", "ordinal", "request"]
    )
    op.execute(
        "INSERT INTO run_requests (day, request) "
        "SELECT day, digest FROM requests WHERE day IS NOT NULL"
    )
    op.execute(
        "INSERT INTO assignments (day, request, ordinal, vendor, wire) "
        "SELECT day, request, ordinal, vendor, wire FROM awards"
    )
    op.execute("UPDATE runs SET stage = 'announced' WHERE stage = 'published'")
    op.drop_table("awards")
    op.create_table(
        "awards",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("bid", BYTEWISE, nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("eligible", sa.BigInteger(), nullable=False),
        sa.Column("reserve", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_awards"),
    )
    _convert(ASSIGNMENTS, NEW_AWARDS, _narrowed)


def _number_places() -> None:
    op.execute(
        "INSERT INTO place_numbers (vendor, place) "
        "SELECT vendor, place FROM vendor_places UNION SELECT vendor, place FROM bids ORDER BY 1, 2"
    )
    op.drop_index("uq_bids_live", "bids")
    with op.batch_alter_table("bids") as table:
        table.add_column(sa.Column("place_number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("way", sa.SmallInteger(), nullable=True))
    op.execute(
        "UPDATE bids SET place_number = (SELECT number FROM place_numbers p "
        "WHERE p.vendor = bids.vendor AND p.place = bids.place), "
        "way = CASE delivery WHEN 'ship' THEN 1 WHEN 'pickup' THEN 2 ELSE 4 END"
    )
    with op.batch_alter_table("bids") as table:
        table.alter_column("place_number", existing_type=sa.Integer(), nullable=False)
        table.alter_column("way", existing_type=sa.SmallInteger(), nullable=False)
    _index_live_bids(postgresql_include=["digest", "place_number", "amount", "distance_m", "way"])


def _index_live_bids(**options: Any) -> None:
    live = sa.text("state = 'live'")
    op.create_index(
        "uq_bids_live",
        "bids",
        ["request", "vendor"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
        **options,
    )


def downgrade() -> None:
    waiting = sa.select(RUNS.c.day).where(RUNS.c.stage == "published")
    if op.get_bind().execute(waiting).first() is not None:
        raise RuntimeError("a published run still has assignments to sign; let it be announced")
    op.drop_table("awards")
    op.create_table(
        "awards",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("bid", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name="fk_awards_day"),
        sa.PrimaryKeyConstraint("day", "request", name="pk_awards"),
    )
    op.create_index("ix_awards_vendor_ordinal_request", "awards", ["vendor", "ordinal", "request"])
    _convert(ASSIGNMENTS, OLD_AWARDS, _widened)
    op.execute("UPDATE runs SET stage = 'frozen' WHERE stage = 'resolved'")
    op.execute("UPDATE runs SET stage = 'published' WHERE stage = 'announced'")
    op.drop_table("assignments")
    op.drop_table("outbox")
    op.drop_index("uq_bids_live", "bids")
    with op.batch_alter_table("bids") as table:
        table.drop_column("way")
        table.drop_column("place_number")
    _index_live_bids()
    op.drop_table("place_numbers")
    op.drop_table("run_requests")
    with op.batch_alter_table("unfilled") as table:
        table.create_foreign_key("fk_unfilled_day", "runs", ["day"], ["day"])
    with op.batch_alter_table("runs") as table:
        for name in ("findings", "lease_until", "epoch"):
            table.drop_column(name)
    op.drop_index("ix_requests_open", "requests")
    with op.batch_alter_table("requests") as table:
        table.create_index("ix_requests_day_digest", ["day", "digest"])


def _convert(source: sa.TableClause, target: sa.TableClause, convert: Any) -> None:
    """Insert what a function makes of each row, a block at a time in order of the keys."""
    connection, after = op.get_bind(), ("", "")
    keys = sa.tuple_(source.c.day, source.c.request)
    while rows := connection.execute(
        sa.select(source).where(keys > after).order_by(*keys).limit(BLOCK)
    ).all():
        connection.execute(sa.insert(target), [convert(row) for row in rows])
        after = (rows[-1].day, rows[-1].request)


def _narrowed(row: Any) -> dict[str, Any]:
    document = json.loads(row.wire)
    return {
        "day": row.day,
        "request": row.request,
        "bid": document["bid"],
        "rank": document["rank"],
        "eligible": document["eligible"],
        "reserve": "".join(document["reserve"]),
    }


def _widened(row: Any) -> dict[str, Any]:
    return {**row._mapping, "bid": json.loads(row.wire)["bid"]}
