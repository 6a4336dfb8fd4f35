"""Quotas by day and month, of accounts and keys; what was used, charged once; buckets that servers share."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0017"

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Add them, and count the items that were listed until now."""
    for name, kind in (
        ("items_a_month", sa.BigInteger()),
        ("audio_s_a_month", sa.Float()),
        ("requests_a_day", sa.BigInteger()),
        ("requests_a_month", sa.BigInteger()),
    ):
        op.add_column("quota", sa.Column(name, kind, nullable=True))
    op.create_table(
        "key_quota",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("items_a_day", sa.BigInteger(), nullable=True),
        sa.Column("items_a_month", sa.BigInteger(), nullable=True),
        sa.Column("audio_s_a_day", sa.Float(), nullable=True),
        sa.Column("audio_s_a_month", sa.Float(), nullable=True),
        sa.Column("requests_a_day", sa.BigInteger(), nullable=True),
        sa.Column("requests_a_month", sa.BigInteger(), nullable=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.key_id"]),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "key_usage",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n_items", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("audio_s", sa.Float(), server_default="0", nullable=False),
        sa.Column("n_requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.key_id"]),
        sa.PrimaryKeyConstraint("key_id", "day"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "audio_charge",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audio_s", sa.Float(), nullable=False),
        sa.Column("at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("audio_charge_at", "audio_charge", ["at"])
    op.create_table(
        "request_bucket",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("subject"),
        postgresql_with={"fillfactor": 50},
        prefixes=["UNLOGGED"],
    )
    op.add_column("job", sa.Column("key_id", sa.Text(), nullable=True))
    op.create_index("job_of_key", "job", ["key_id"], postgresql_where=sa.text("key_id IS NOT NULL"))
    op.add_column("sweep", sa.Column("key_id", sa.Text(), nullable=True))
    op.create_index(
        "object_of_account", "object", ["account_id"], postgresql_include=["size_bytes"]
    )
    op.execute("""
        INSERT INTO usage AS u (account_id, day, n_items)
        SELECT account_id, (created_at AT TIME ZONE 'UTC')::date, sum(n)::integer FROM (
            SELECT j.account_id, j.created_at, j.n_total + coalesce(
                (SELECT sum(d.n_total) FROM job_delta d WHERE d.job_id = j.job_id), 0) AS n
            FROM job j WHERE j.created_at > clock_timestamp() - interval '366 days'
        ) listed WHERE n > 0 GROUP BY 1, 2
        ON CONFLICT (account_id, day) DO UPDATE SET n_items = excluded.n_items
    """)


def downgrade() -> None:
    """Remove them."""
    op.drop_index("object_of_account", "object")
    op.drop_column("sweep", "key_id")
    op.drop_index("job_of_key", "job")
    op.drop_column("job", "key_id")
    for table in ("request_bucket", "audio_charge", "key_usage", "key_quota"):
        op.drop_table(table)
    for name in ("items_a_month", "audio_s_a_month", "requests_a_day", "requests_a_month"):
        op.drop_column("quota", name)
