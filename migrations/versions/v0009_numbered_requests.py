"""A day's requests are numbered, so that a bid's column names one in 4 bytes"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("run_requests") as table:
        table.add_column(
            sa.Column("number", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )
    op.execute(
        "UPDATE run_requests SET number = numbered.number FROM ("
        "SELECT day, request, row_number() OVER (PARTITION BY day ORDER BY request) - 1 AS number"
        " FROM run_requests) AS numbered"
        " WHERE run_requests.day = numbered.day AND run_requests.request = numbered.request"
    )


def downgrade() -> None:
    with op.batch_alter_table("run_requests") as table:
        table.drop_column("number")
