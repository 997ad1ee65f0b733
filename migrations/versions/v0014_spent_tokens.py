"""Under which issuer key the token of a waiting request was drawn, to be counted with its batch"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BYTEWISE = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("pending", sa.Column("issuer_key", BYTEWISE, nullable=True))


def downgrade() -> None:
    op.drop_column("pending", "issuer_key")
