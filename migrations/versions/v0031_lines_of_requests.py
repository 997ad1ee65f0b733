"""Lines of requests: what a run reads of a request in one value, written when it is frozen"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0028"

POLICY = "CASE policy WHEN 'best-nearby' THEN 0 WHEN 'best-value' THEN 1 WHEN 'nearest' THEN 2 ELSE 3 END"
FIXED = "CASE price_kind WHEN 'fixed' THEN 1 ELSE 0 END"
WAYS = (
    "CASE WHEN ships THEN 1 ELSE 0 END + CASE WHEN picked_up THEN 2 ELSE 0 END"
    " + CASE WHEN on_site THEN 4 ELSE 0 END"
)
NEWCOMERS = "CASE WHEN tries_newcomers THEN 1 ELSE 0 END"
LINE = {
    "postgresql": f"int2send(({POLICY})::smallint) || int8send(amount) || int2send(({FIXED})::smallint)"
    f" || int2send(({WAYS})::smallint) || int8send(radius_m) || int2send(({NEWCOMERS})::smallint)",
    "sqlite": f"printf('%05d%019d%05d%05d%019d%05d', {POLICY}, amount, {FIXED}, {WAYS}, radius_m, {NEWCOMERS})",
}


def upgrade() -> None:
    with op.batch_alter_table("run_requests") as table:
        table.add_column(
            sa.Column("line", sa.LargeBinary(), server_default=sa.text("''"), nullable=False)
        )
    line = LINE[op.get_context().dialect.name]
    op.execute(
        f"UPDATE run_requests SET line = (SELECT {line} FROM requests"  # noqa: S608 - our own names
        " WHERE requests.digest = run_requests.request)"
    )


def downgrade() -> None:
    with op.batch_alter_table("run_requests") as table:
        table.drop_column("line")
