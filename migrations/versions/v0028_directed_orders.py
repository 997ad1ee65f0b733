"""Evidence of directed orders, the kinds of its sums, and a fortieth for a vendor's word for itself"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
BLOCK = 10_000
CLOCK = 6
"""That of the sums."""
WEEK = 7

OWN_WORDS = "SELECT document, category, amount, date FROM evidence WHERE tier IS NULL AND good"


def upgrade() -> None:
    with op.batch_alter_table("evidence") as evidence:
        evidence.add_column(
            sa.Column("directed", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("evidence") as evidence:
        evidence.alter_column("directed", server_default=None)
    _weigh_own_words(25)
    _begin_sums_anew("kind", sa.BigInteger())


def downgrade() -> None:
    with op.batch_alter_table("evidence") as evidence:
        evidence.drop_column("directed")
    _weigh_own_words(250)
    _begin_sums_anew("fresh", sa.Boolean())


def _begin_sums_anew(name: str, kind: Any) -> None:
    """Sums are made each night; until then all evidence is read."""
    op.execute(sa.text("DELETE FROM batch_clock WHERE id = :id").bindparams(id=CLOCK))
    op.drop_table("evidence_days")
    op.create_table(
        "evidence_days",
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("date", BYTEWISE, nullable=False),
        sa.Column(name, kind, autoincrement=False, nullable=False),
        sa.Column("good", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.BigInteger(), nullable=False),
        sa.Column("good_pieces", sa.BigInteger(), nullable=False),
        sa.Column("bad_pieces", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "date", name, name="pk_evidence_days"),
    )


def _weigh_own_words(share: int) -> None:
    """Weigh every vendor's word for itself again, by the full value of its week."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT category, epoch, amount FROM full_values"))
    full = {(row.category, row.epoch): row.amount for row in found}
    weigh = sa.text("UPDATE evidence SET weight = :weight WHERE document = :document")
    words = connection.execute(sa.text(OWN_WORDS))
    weights = [
        {"document": row.document, "weight": _weight(share, row.amount, full.get(_week(row)))}
        for row in words
    ]
    for first in range(0, len(weights), BLOCK):
        connection.execute(weigh, weights[first : first + BLOCK])


def _week(row: Any) -> tuple[str, int]:
    day = (date.fromisoformat(row.date) - date(1970, 1, 1)).days
    return row.category, day - day % WEEK


def _weight(share: int, amount: int, full: int | None) -> int:
    return share if full is None else max(1, share * min(amount, full) // max(1, full))
