"""Deliveries: what has become of each accepted assignment, what its two sides say of it, and what it frees"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
BLOCK = 10_000

ACCEPTED = """
    SELECT answer.request, answer.assignment, answer.day, answer.tick, answer.vendor,
           request.pseudonym, bid.wire AS bid, answer.answered_at AS accepted_at,
           disclosure.publish_by AS disclosed_at, confirmation.received
    FROM assignment_answers AS answer
    JOIN requests AS request ON request.digest = answer.request
    JOIN awards AS award ON award.day = answer.day AND award.request = answer.request
        AND award.tick = answer.tick
    JOIN bids AS bid ON bid.digest = award.bid
    LEFT JOIN disclosures AS disclosure ON disclosure.request = answer.request
    LEFT JOIN confirmations AS confirmation ON confirmation.request = answer.request
    WHERE answer.accepted
    ORDER BY answer.request
"""


def upgrade() -> None:
    deliveries = op.create_table(
        "deliveries",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("pseudonym", BYTEWISE, nullable=False),
        sa.Column("lead_hours", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("disclosed_at", sa.BigInteger(), nullable=True),
        sa.Column("shipped_at", sa.BigInteger(), nullable=True),
        sa.Column("overdue", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("state", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_deliveries"),
        sa.UniqueConstraint("assignment", name="uq_deliveries_assignment"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_deliveries_vendor_accepted_at_request",
        "deliveries",
        ["vendor", "accepted_at", "request"],
    )
    op.create_index("ix_deliveries_day_request", "deliveries", ["day", "request"])
    op.create_index(
        "ix_deliveries_deadline",
        "deliveries",
        ["deadline"],
        sqlite_where=sa.text("deadline IS NOT NULL"),
        postgresql_where=sa.text("deadline IS NOT NULL"),
    )
    op.create_table(
        "shipments",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["deliveries.request"], name="fk_shipments_request"),
        sa.PrimaryKeyConstraint("request", name="pk_shipments"),
    )
    op.create_table(
        "vendor_cancellations",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["deliveries.request"], name="fk_vendor_cancellations_request"
        ),
        sa.PrimaryKeyConstraint("request", name="pk_vendor_cancellations"),
    )
    op.create_table(
        "cancellations",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("assignment", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_cancellations"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_cancellations_vendor_number_request", "cancellations", ["vendor", "number", "request"]
    )
    op.add_column(
        "run_places",
        sa.Column("freed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    for rows in _accepted():
        op.bulk_insert(deliveries, rows)


def _accepted() -> Iterator[list[dict[str, Any]]]:
    """What was accepted before, in order of requests; it has no deadlines.

    When a Disclosure was handed over is not stored: at the latest when that was promised for.
    """
    found = op.get_bind().execute(sa.text(ACCEPTED))
    for block in found.mappings().partitions(BLOCK):
        yield [_delivery(row) for row in block]


def _delivery(row: Any) -> dict[str, Any]:
    made = {name: value for name, value in row.items() if name not in ("bid", "received")}
    received = row["received"]
    state = "accepted" if received is None else "received" if received else "not-received"
    return made | {
        "lead_hours": json.loads(bytes(row["bid"]))["lead_time_hours"],
        "shipped_at": None,
        "overdue": False,
        "deadline": None,
        "ended_at": row["disclosed_at"] if received else None,
        "state": state,
    }


def downgrade() -> None:
    op.drop_column("run_places", "freed")
    for name in ("cancellations", "vendor_cancellations", "shipments"):
        op.drop_table(name)
    op.drop_table("deliveries")
