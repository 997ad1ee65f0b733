"""How long the log was when a run was frozen"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("log_size", sa.BigInteger(), nullable=True))
    # What is between its freeze and its report gets the size that its report needs.
    op.execute(
        "UPDATE runs SET log_size = (SELECT max(size) FROM log_checkpoints)"
        " WHERE stage IN ('frozen', 'resolved')"
    )


def downgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.drop_column("log_size")
