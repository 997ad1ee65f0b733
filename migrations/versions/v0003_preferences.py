"""Preferences: their own kind of pending document, the newest of each request, and those that a run froze"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    def known(row: dict[str, Any]) -> dict[str, Any]:
        kind = "PersonalRequest" if row["request"] is None else "RequestWithdrawal"
        return {**row, "kind": kind}

    _remake_pending([sa.Column("kind", BYTEWISE, nullable=False)], known)
    op.create_table(
        "preferences",
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_preferences"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_preferences",
        sa.Column("day", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("preference", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "request", name="pk_run_preferences"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    count = sa.text("SELECT count(*) FROM run_preferences")
    if op.get_bind().execute(count).scalar_one():
        raise RuntimeError("runs were decided by preferences, which the older schema cannot hold")
    op.drop_table("run_preferences")
    op.drop_table("preferences")
    op.execute("DELETE FROM pending WHERE kind NOT IN ('PersonalRequest', 'RequestWithdrawal')")
    _remake_pending([], lambda row: {n: v for n, v in row.items() if n != "kind"})


def _remake_pending(more: list[sa.Column[Any]], convert: Any) -> None:
    """Make the table anew, with its rows in order of their digests, so that no order of arrival is left."""
    found = op.get_bind().execute(sa.text("SELECT * FROM pending ORDER BY digest")).mappings().all()
    op.drop_table("pending")
    pending = op.create_table(
        "pending",
        sa.Column("digest", BYTEWISE, nullable=False),
        *more,
        sa.Column("pseudonym", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=True),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_pending"),
        sqlite_with_rowid=False,
    )
    if found:
        op.bulk_insert(pending, [convert(dict(row)) for row in found])
