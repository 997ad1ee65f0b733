"""The cascade: answers to assignments, ticks, roll-over"""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
BLOCK = 1000

REQUESTS = sa.table("requests", *map(sa.column, ("digest", "wire", "needed_by")))
RUNS = sa.table("runs", *map(sa.column, ("day", "stage")))
OUTBOX = sa.table(
    "outbox", *map(sa.column, ("kind", "key", "attempts", "run_at", "lease_until", "parked"))
)


def upgrade() -> None:
    with op.batch_alter_table("requests") as table:
        table.add_column(sa.Column("needed_by", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("rolls_until", sa.BigInteger(), nullable=True))
    _fill_needed_by()
    with op.batch_alter_table("bids") as table:
        table.add_column(sa.Column("valid_until", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("run_places") as table:
        table.add_column(_zero("awarded"))
    with op.batch_alter_table("awards") as table:
        table.add_column(_zero("tick"))
        table.drop_constraint("pk_awards", type_="primary")
        table.create_primary_key("pk_awards", ["day", "request", "tick"])
    with op.batch_alter_table("unfilled") as table:
        table.add_column(_zero("tick"))
    _sign_anew()
    op.create_table(
        "announcements",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("late_by", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name="fk_announcements_day"),
        sa.PrimaryKeyConstraint("number", name="pk_announcements"),
        sa.UniqueConstraint("day", "tick", name="uq_announcements_day"),
    )
    op.create_table(
        "assignment_answers",
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_assignment_answers_vendor"),
        sa.PrimaryKeyConstraint("assignment", name="pk_assignment_answers"),
    )
    op.create_index(
        "ix_assignment_answers_day_request_tick", "assignment_answers", ["day", "request", "tick"]
    )
    declined = sa.text("NOT accepted")
    op.create_index(
        "ix_assignment_answers_declined",
        "assignment_answers",
        ["day", "answered_at"],
        sqlite_where=declined,
        postgresql_where=declined,
    )
    op.create_table(
        "ticks",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=True),
        sa.Column("stage", BYTEWISE, nullable=False),
        _zero("epoch"),
        _zero("lease_until"),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.Column("report", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name="fk_ticks_day"),
        sa.PrimaryKeyConstraint("day", "instant", name="pk_ticks"),
        sa.UniqueConstraint("day", "tick", name="uq_ticks_day"),
    )
    op.create_index("ix_ticks_stage", "ticks", ["stage"])
    op.create_table(
        "displaced",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("assigned_at", sa.BigInteger(), nullable=False),
        sa.Column("bid", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("reason", BYTEWISE, nullable=False),
        sa.Column("too_late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", "tick", "request", name="pk_displaced"),
    )
    op.create_index("ix_displaced_day_request", "displaced", ["day", "request"])
    op.create_table(
        "tick_places",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("place", BYTEWISE, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "tick", "vendor", "place", name="pk_tick_places"),
    )
    op.create_table(
        "roll_overs",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("cutoff", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_roll_overs"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_bids",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("bid", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("day", "bid", name="pk_run_bids"),
    )
    op.create_index("ix_run_bids_bid", "run_bids", ["bid"])


def downgrade() -> None:
    for name in ("roll_overs", "displaced"):
        if op.get_bind().execute(sa.select(sa.table(name, sa.column("day")))).first() is not None:
            raise RuntimeError(f"there are {name}, which a schema without a cascade cannot hold")
    for name in (
        "run_bids",
        "roll_overs",
        "tick_places",
        "displaced",
        "ticks",
        "assignment_answers",
        "announcements",
    ):
        op.drop_table(name)
    op.drop_table("assignments")
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
    _announce_anew("{}/")
    _rename_fallbacks("/0/", "/")
    with op.batch_alter_table("unfilled") as table:
        table.drop_column("tick")
    with op.batch_alter_table("awards") as table:
        table.drop_constraint("pk_awards", type_="primary")
        table.create_primary_key("pk_awards", ["day", "request"])
        table.drop_column("tick")
    with op.batch_alter_table("run_places") as table:
        table.drop_column("awarded")
    with op.batch_alter_table("bids") as table:
        table.drop_column("valid_until")
    with op.batch_alter_table("requests") as table:
        table.drop_column("rolls_until")
        table.drop_column("needed_by")


def _zero(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _fill_needed_by() -> None:
    connection, after = op.get_bind(), ""
    while rows := connection.execute(
        sa.select(REQUESTS.c.digest, REQUESTS.c.wire)
        .where(REQUESTS.c.digest > after)
        .order_by(REQUESTS.c.digest)
        .limit(BLOCK)
    ).all():
        after = rows[-1].digest
        for row in rows:
            needed_by = json.loads(row.wire).get("needed_by")
            if needed_by:
                instant = int(datetime.fromisoformat(needed_by).timestamp())
                connection.execute(
                    sa.update(REQUESTS)
                    .where(REQUESTS.c.digest == row.digest)
                    .values(needed_by=instant)
                )


def _sign_anew() -> None:
    """Assignments say more than they did: leave all of them to be signed and announced again."""
    op.drop_table("assignments")
    op.create_table(
        "assignments",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("accept_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name="fk_assignments_day"),
        sa.PrimaryKeyConstraint("day", "request", "tick", name="pk_assignments"),
        sa.UniqueConstraint("digest", name="uq_assignments_digest"),
    )
    op.create_index(
        "ix_assignments_vendor_day_tick_request",
        "assignments",
        ["vendor", "day", "tick", "request"],
    )
    op.create_index(
        "ix_assignments_day_tick_accept_by", "assignments", ["day", "tick", "accept_by"]
    )
    _announce_anew("{}/0/")
    _rename_fallbacks("/", "/0/")


def _announce_anew(key: str) -> None:
    connection = op.get_bind()
    out = RUNS.c.stage.in_(("published", "announced"))
    days = connection.execute(sa.select(RUNS.c.day).where(out)).scalars().all()
    connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.kind == "sign-assignments"))
    items: list[dict[str, Any]] = [
        {
            "kind": "sign-assignments",
            "key": key.format(day),
            "attempts": 0,
            "run_at": 0,
            "lease_until": 0,
            "parked": False,
        }
        for day in days
    ]
    if items:
        connection.execute(sa.insert(OUTBOX), items)
    connection.execute(sa.update(RUNS).where(out).values(stage="published"))


def _rename_fallbacks(before: str, after: str) -> None:
    """What waits to be signed is named by day and tick, as assignments are."""
    connection = op.get_bind()
    waiting = sa.select(OUTBOX.c.key).where(OUTBOX.c.kind == "sign-fallbacks")
    for key in connection.execute(waiting).scalars().all():
        connection.execute(
            sa.update(OUTBOX)
            .where(OUTBOX.c.kind == "sign-fallbacks", OUTBOX.c.key == key)
            .values(key=key.replace(before, after, 1))
        )
