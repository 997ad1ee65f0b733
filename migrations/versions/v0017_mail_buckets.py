"""Mail in buckets: the mailbox of each request's pseudonym, and of what waits to be sealed"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
IS_OPEN = sa.text("day IS NULL")
ABOUT_BIDS = """
    SELECT m.purpose, m.document, r.mailbox FROM mail_waiting m
    JOIN bids b ON b.digest = m.document JOIN requests r ON r.digest = b.request
    UNION ALL
    SELECT m.purpose, m.document, r.mailbox FROM mail_waiting m
    JOIN bid_withdrawals w ON w.digest = m.document
    JOIN bids b ON b.digest = w.bid JOIN requests r ON r.digest = b.request
    UNION ALL
    SELECT m.purpose, m.document, r.mailbox FROM mail_waiting m
    JOIN questions q ON q.digest = m.document JOIN requests r ON r.digest = q.request
"""


def upgrade() -> None:
    op.add_column(
        "requests",
        sa.Column("mailbox", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    _assign_mailboxes()
    op.drop_index("ix_requests_open", "requests")
    op.create_index(
        "ix_requests_open",
        "requests",
        ["cutoff", "mailbox"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.add_column(
        "mail_segments", sa.Column("bucket", BYTEWISE, server_default=sa.text("''"), nullable=False)
    )
    waiting = op.get_bind().execute(sa.text(ABOUT_BIDS)).all()
    op.drop_table("mail_waiting")
    made = op.create_table(
        "mail_waiting",
        sa.Column("mailbox", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", BYTEWISE, nullable=False),
        sa.Column("document", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "purpose", "document", name="pk_mail_waiting"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(made, [dict(row._mapping) for row in waiting])


def _assign_mailboxes() -> None:
    """Give requests that are open their mailboxes; the others get no mail."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT digest, pseudonym FROM requests WHERE day IS NULL"))
    rows = [
        {
            "digest": digest,
            "mailbox": int.from_bytes(hashlib.sha256(pseudonym.encode()).digest()[:2]),
        }
        for digest, pseudonym in found
    ]
    if rows:
        change = sa.text("UPDATE requests SET mailbox = :mailbox WHERE digest = :digest")
        connection.execute(change, rows)


def downgrade() -> None:
    ours = "('bid', 'bid-withdrawal', 'question')"
    kept = sa.text(f"SELECT purpose, document FROM mail_waiting WHERE purpose IN {ours}")  # noqa: S608
    waiting = op.get_bind().execute(kept).all()
    op.drop_table("mail_waiting")
    made = op.create_table(
        "mail_waiting",
        sa.Column("purpose", BYTEWISE, nullable=False),
        sa.Column("document", BYTEWISE, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "document", name="pk_mail_waiting"),
    )
    op.bulk_insert(made, [dict(row._mapping) for row in waiting])
    op.drop_column("mail_segments", "bucket")
    op.drop_index("ix_requests_open", "requests")
    op.create_index(
        "ix_requests_open", "requests", ["cutoff"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
    )
    op.drop_column("requests", "mailbox")
