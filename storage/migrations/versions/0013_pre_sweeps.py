"""Sweeps and their runs; subscriptions and the notices that go to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0005"

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sweep",
        sa.Column("sweep_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("spec", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("paused_at", _TIME, nullable=True),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.Column("next_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.PrimaryKeyConstraint("sweep_id"),
    )
    op.create_index(
        "sweep_due",
        "sweep",
        ["next_at"],
        postgresql_where=sa.text("paused_at IS NULL AND removed_at IS NULL"),
    )
    op.create_index("sweep_of_account", "sweep", ["account_id", "sweep_id"])
    op.create_table(
        "sweep_run",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("sweep_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("made_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("n_missed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("digest", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweep.sweep_id"]),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"]),
        sa.PrimaryKeyConstraint("run_id"),
        sa.UniqueConstraint("sweep_id", "due_at", name="sweep_run_tick"),
    )
    op.create_index(
        "sweep_run_open", "sweep_run", ["job_id"], postgresql_where=sa.text("digest IS NULL")
    )
    op.create_table(
        "subscription",
        sa.Column("subscription_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("removed_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.PrimaryKeyConstraint("subscription_id"),
    )
    op.create_index("subscription_of_account", "subscription", ["account_id"])
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("n_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.subscription_id"]),
        sa.PrimaryKeyConstraint("notice_id"),
        sa.UniqueConstraint("subscription_id", "event", "subject", name="notice_once"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "notice_due", "notice", ["next_at"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index("notice_of_account", "notice", ["account_id", "notice_id"])


def downgrade() -> None:
    """Remove them."""
    for table in ("notice", "subscription", "sweep_run", "sweep"):
        op.drop_table(table)
