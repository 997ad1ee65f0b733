"""Mail, questions and answers, and which bids are alternatives"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alternative_bids",
        sa.Column("bid", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.ForeignKeyConstraint(["bid"], ["bids.digest"], name="fk_alternative_bids_bid"),
        sa.PrimaryKeyConstraint("bid", name="pk_alternative_bids"),
    )
    op.create_table(
        "questions",
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("request", BYTEWISE, nullable=False),
        sa.Column("vendor", BYTEWISE, nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["requests.digest"], name="fk_questions_request"),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name="fk_questions_vendor"),
        sa.PrimaryKeyConstraint("digest", name="pk_questions"),
        sa.UniqueConstraint("request", "vendor", name="uq_questions_request"),
    )
    op.create_table(
        "answers",
        sa.Column("question", BYTEWISE, nullable=False),
        sa.Column("digest", BYTEWISE, nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("question", name="pk_answers"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail_waiting",
        sa.Column("purpose", BYTEWISE, nullable=False),
        sa.Column("document", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "document", name="pk_mail_waiting"),
    )
    op.create_table(
        "mail_segments",
        sa.Column("segment", BYTEWISE, nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("segment", name="pk_mail_segments"),
    )
    op.create_index("ix_mail_segments_instant_segment", "mail_segments", ["instant", "segment"])


def downgrade() -> None:
    op.execute("DELETE FROM batch_clock WHERE id <> 1")
    op.execute("DELETE FROM pending WHERE kind = 'Answer'")
    for table in ("mail_segments", "mail_waiting", "answers", "questions", "alternative_bids"):
        op.drop_table(table)
