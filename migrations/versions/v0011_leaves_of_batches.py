"""Where the documents of a batch stand in the log"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.batch_alter_table("batches") as table:
        table.add_column(sa.Column("first_leaf", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("leaves", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("batches") as table:
        table.drop_column("leaves")
        table.drop_column("first_leaf")
