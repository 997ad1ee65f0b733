"""When bids and their withdrawals were received, which their receipts repeat"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = ("bids", "bid_withdrawals")


def upgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.add_column(
                sa.Column(
                    "received_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False
                )
            )


def downgrade() -> None:
    for name in TABLES:
        with op.batch_alter_table(name) as table:
            table.drop_column("received_at")
