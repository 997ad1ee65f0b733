"""The first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "batch_clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_clock")),
    )
    op.create_table(
        "batches",
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("withdrawals", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("instant", name=op.f("pk_batches")),
    )
    op.create_table(
        "capacities",
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "place",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "date",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "place", "date", name=op.f("pk_capacities")),
    )
    op.create_table(
        "invitations",
        sa.Column(
            "code_digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("uses_left", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_invitations")),
    )
    op.create_table(
        "pending",
        sa.Column(
            "digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "pseudonym",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "request",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pending")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "read_nonces",
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "nonce",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "nonce", name=op.f("pk_read_nonces")),
    )
    with op.batch_alter_table("read_nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_read_nonces_expires"), ["expires"], unique=False)

    op.create_table(
        "requests",
        sa.Column(
            "digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "pseudonym",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("bids_close", sa.BigInteger(), nullable=False),
        sa.Column("cutoff", sa.BigInteger(), nullable=False),
        sa.Column(
            "day", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "category",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "price_kind",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "currency",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lat_e6", sa.BigInteger(), nullable=False),
        sa.Column("lng_e6", sa.BigInteger(), nullable=False),
        sa.Column("radius_m", sa.BigInteger(), nullable=False),
        sa.Column("ships", sa.Boolean(), nullable=False),
        sa.Column("picked_up", sa.Boolean(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column(
            "policy",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "terms",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_requests")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_requests_pseudonym")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index("ix_requests_day_digest", ["day", "digest"], unique=False)
        batch_op.create_index(
            "ix_requests_published_at_digest", ["published_at", "digest"], unique=False
        )

    op.create_table(
        "runs",
        sa.Column(
            "day", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("cutoff", sa.BigInteger(), nullable=False),
        sa.Column("takes_until", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column(
            "stage",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "seed", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("report", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_runs")),
        sa.UniqueConstraint("cutoff", name=op.f("uq_runs_cutoff")),
        sa.UniqueConstraint("ordinal", name=op.f("uq_runs_ordinal")),
    )
    op.create_table(
        "vendors",
        sa.Column(
            "did", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "name",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "profile_digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.Column("suspended", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.PrimaryKeyConstraint("did", name=op.f("pk_vendors")),
    )
    op.create_table(
        "withdrawals",
        sa.Column(
            "digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "request",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("publish_by", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_withdrawals")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("withdrawals", schema=None) as batch_op:
        batch_op.create_index(
            "ix_withdrawals_published_at_digest", ["published_at", "digest"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_withdrawals_request"), ["request"], unique=False)

    op.create_table(
        "awards",
        sa.Column(
            "day", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "request",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "bid", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name=op.f("fk_awards_day")),
        sa.PrimaryKeyConstraint("day", "request", name=op.f("pk_awards")),
    )
    with op.batch_alter_table("awards", schema=None) as batch_op:
        batch_op.create_index(
            "ix_awards_vendor_ordinal_request", ["vendor", "ordinal", "request"], unique=False
        )

    op.create_table(
        "bids",
        sa.Column(
            "digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "request",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "place",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "delivery",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("distance_m", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["requests.digest"], name=op.f("fk_bids_request")),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name=op.f("fk_bids_vendor")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bids")),
    )
    with op.batch_alter_table("bids", schema=None) as batch_op:
        batch_op.create_index("ix_bids_vendor_digest", ["vendor", "digest"], unique=False)
        batch_op.create_index(
            "uq_bids_live",
            ["request", "vendor"],
            unique=True,
            sqlite_where=sa.text("state = 'live'"),
            postgresql_where=sa.text("state = 'live'"),
        )

    op.create_table(
        "evidence",
        sa.Column(
            "document",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "date",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name=op.f("fk_evidence_vendor")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index("ix_evidence_vendor_date", ["vendor", "date"], unique=False)

    op.create_table(
        "run_places",
        sa.Column(
            "day", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "place",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "profile",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lat_e6", sa.BigInteger(), nullable=False),
        sa.Column("lng_e6", sa.BigInteger(), nullable=False),
        sa.Column("reach_m", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("band", sa.BigInteger(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name=op.f("fk_run_places_day")),
        sa.PrimaryKeyConstraint("day", "vendor", "place", name=op.f("pk_run_places")),
    )
    op.create_table(
        "unfilled",
        sa.Column(
            "day", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "request",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["day"], ["runs.day"], name=op.f("fk_unfilled_day")),
        sa.PrimaryKeyConstraint("day", "request", name=op.f("pk_unfilled")),
    )
    op.create_table(
        "vendor_places",
        sa.Column(
            "vendor",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "place",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lat_e6", sa.BigInteger(), nullable=False),
        sa.Column("lng_e6", sa.BigInteger(), nullable=False),
        sa.Column("reach_m", sa.BigInteger(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["vendor"], ["vendors.did"], name=op.f("fk_vendor_places_vendor")),
        sa.PrimaryKeyConstraint("vendor", "place", name=op.f("pk_vendor_places")),
    )
    op.create_table(
        "bid_withdrawals",
        sa.Column(
            "digest",
            sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "bid", sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bid"], ["bids.digest"], name=op.f("fk_bid_withdrawals_bid")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bid_withdrawals")),
    )


def downgrade() -> None:
    op.drop_table("bid_withdrawals")
    op.drop_table("vendor_places")
    op.drop_table("unfilled")
    op.drop_table("run_places")
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_index("ix_evidence_vendor_date")

    op.drop_table("evidence")
    with op.batch_alter_table("bids", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_bids_live",
            sqlite_where=sa.text("state = 'live'"),
            postgresql_where=sa.text("state = 'live'"),
        )
        batch_op.drop_index("ix_bids_vendor_digest")

    op.drop_table("bids")
    with op.batch_alter_table("awards", schema=None) as batch_op:
        batch_op.drop_index("ix_awards_vendor_ordinal_request")

    op.drop_table("awards")
    with op.batch_alter_table("withdrawals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_withdrawals_request"))
        batch_op.drop_index("ix_withdrawals_published_at_digest")

    op.drop_table("withdrawals")
    op.drop_table("vendors")
    op.drop_table("runs")
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index("ix_requests_published_at_digest")
        batch_op.drop_index("ix_requests_day_digest")

    op.drop_table("requests")
    with op.batch_alter_table("read_nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_read_nonces_expires"))

    op.drop_table("read_nonces")
    op.drop_table("pending")
    op.drop_table("invitations")
    op.drop_table("capacities")
    op.drop_table("batches")
    op.drop_table("batch_clock")
