"""Evidence with what it weighs by, its sums by day, and the full values of categories"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")

_OF_THE_ORDER = """
    UPDATE evidence SET {column} = coalesce((
        SELECT {wanted} FROM {answers} AS a
        JOIN requests ON requests.digest = a.request
        JOIN awards ON awards.day = a.day AND awards.request = a.request AND awards.tick = a.tick
        JOIN bids ON bids.digest = awards.bid
        WHERE a.digest = evidence.document
    ), {column})
"""


def upgrade() -> None:
    with op.batch_alter_table("evidence") as evidence:
        evidence.add_column(sa.Column("category", BYTEWISE, server_default="other", nullable=False))
        evidence.add_column(
            sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False)
        )
        evidence.add_column(sa.Column("tier", BYTEWISE, nullable=True))
        evidence.create_index("ix_evidence_date", ["date"])
    for column, wanted in (("category", "requests.category"), ("amount", "bids.amount")):
        for answers in ("assignment_answers", "assignments"):
            op.execute(_OF_THE_ORDER.format(column=column, wanted=wanted, answers=answers))
    # A vendor's word for itself counts a quarter from now on.
    op.execute("UPDATE evidence SET weight = 250 WHERE good")
    with op.batch_alter_table("evidence") as evidence:
        evidence.alter_column("category", server_default=None)
        evidence.alter_column("amount", server_default=None)
    op.create_table(
        "evidence_days",
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("date", BYTEWISE, nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("good", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.BigInteger(), nullable=False),
        sa.Column("good_pieces", sa.BigInteger(), nullable=False),
        sa.Column("bad_pieces", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "date", "fresh", name="pk_evidence_days"),
    )
    op.create_table(
        "full_values",
        sa.Column("category", BYTEWISE, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("category", "epoch", name="pk_full_values"),
    )


def downgrade() -> None:
    op.drop_table("full_values")
    op.drop_table("evidence_days")
    op.execute("UPDATE evidence SET weight = 1000")
    with op.batch_alter_table("evidence") as evidence:
        evidence.drop_index("ix_evidence_date")
        for column in ("tier", "amount", "category"):
            evidence.drop_column(column)
