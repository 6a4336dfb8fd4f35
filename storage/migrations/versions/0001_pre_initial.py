"""The first tables."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, the default account and the queue's pulse."""
    op.create_table(
        "account",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "job_delta",
        sa.Column("delta_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("n_listing", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("n_cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("delta_id"),
        postgresql_with={"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 2000},
    )
    op.create_index("job_delta_of_job", "job_delta", ["job_id"], unique=False)
    op.create_table(
        "media",
        sa.Column("media_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("probe", postgresql.JSONB(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("media_id"),
        sa.UniqueConstraint("account_id", "sha256", name="media_bytes"),
    )
    op.create_table(
        "model",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "first_used_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "object",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "touched_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("deleting_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("object_touched", "object", ["touched_at"], unique=False)
    op.create_table(
        "queue_pulse",
        sa.Column("pulse_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "beat_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "reclaim_after",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("pulse_id"),
    )
    op.create_table(
        "job",
        sa.Column("job_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("sources", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_listing", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_failed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_cancelled", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.account_id"],
        ),
        sa.PrimaryKeyConstraint("job_id"),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("job_of_account", "job", ["account_id", "job_id"], unique=False)
    op.create_index(
        "job_open",
        "job",
        ["priority", "job_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "item",
        sa.Column("item_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("source_uri", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column(
            "facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker_id", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("progress", sa.REAL(), server_default="0", nullable=False),
        sa.Column("n_crashes", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("n_failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("n_losses", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("llr", sa.Float(), nullable=True),
        sa.Column("voiced_s", sa.Float(), nullable=True),
        sa.Column("error_code", sa.Text(), server_default="", nullable=False),
        sa.Column("error_message", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["job.job_id"],
        ),
        sa.PrimaryKeyConstraint("item_id"),
        sa.UniqueConstraint("job_id", "source_key", name="item_source_key"),
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.01,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_index(
        "item_deferred",
        "item",
        ["available_at"],
        unique=False,
        postgresql_where=sa.text("state = 'deferred'"),
    )
    op.create_index(
        "item_failed",
        "item",
        ["job_id", "item_id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index("item_of_job", "item", ["job_id", "item_id"], unique=False)
    op.create_index(
        "item_ready",
        "item",
        ["job_id", "priority", "item_id"],
        unique=False,
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "item_ready_listing",
        "item",
        ["job_id", "item_id"],
        unique=False,
        postgresql_where=sa.text("state = 'ready' AND kind = 'list'"),
    )
    op.create_index(
        "item_running",
        "item",
        ["account_id", "job_id"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "analysis",
        sa.Column("analysis_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("media_id", sa.BigInteger(), nullable=True),
        sa.Column("detector", sa.Text(), nullable=True),
        sa.Column("separator", sa.Text(), nullable=True),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("custody", postgresql.JSONB(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("llr", sa.Float(), nullable=True),
        sa.Column("llr_limit", sa.Float(), nullable=True),
        sa.Column("voiced_s", sa.Float(), nullable=True),
        sa.Column("separated_llr", sa.Float(), nullable=True),
        sa.Column("spans", postgresql.JSONB(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_stage", sa.Text(), nullable=True),
        sa.Column("versions", postgresql.JSONB(), nullable=False),
        sa.Column("timings_s", postgresql.JSONB(), nullable=False),
        sa.Column("analysed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["detector"],
            ["model.sha256"],
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["media_id"],
            ["media.media_id"],
        ),
        sa.ForeignKeyConstraint(
            ["separator"],
            ["model.sha256"],
        ),
        sa.PrimaryKeyConstraint("analysis_id"),
        sa.UniqueConstraint("item_id", name="analysis_item"),
    )
    op.create_index("analysis_media", "analysis", ["media_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "fence"),
    )
    op.create_table(
        "report",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("findings_sha256", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("report_of_job", "report", ["job_id", "item_id"], unique=False)
    op.create_table(
        "report_file",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["report.item_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["key"],
            ["object.key"],
        ),
        sa.PrimaryKeyConstraint("item_id", "kind"),
    )
    op.create_index("report_file_object", "report_file", ["key"], unique=False)
    op.create_table(
        "segment",
        sa.Column("analysis_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=False),
        sa.Column("end_s", sa.Float(), nullable=False),
        sa.Column("track", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("voiced_share", sa.REAL(), nullable=False),
        sa.Column("removed_share", sa.REAL(), nullable=False),
        sa.Column("cm_score", sa.REAL(), nullable=True),
        sa.Column("llr", sa.REAL(), nullable=True),
        sa.Column("embedding", Vector(), nullable=True),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.analysis_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("analysis_id", "number"),
    )
    op.execute("INSERT INTO account (account_id, name) VALUES ('default', 'Default')")
    op.execute("INSERT INTO queue_pulse (pulse_id) VALUES (1)")


def downgrade() -> None:
    """Remove all tables."""
    op.drop_table("segment")
    op.drop_index("report_file_object", table_name="report_file")
    op.drop_table("report_file")
    op.drop_index("report_of_job", table_name="report")
    op.drop_table("report")
    op.drop_table("attempt")
    op.drop_index("analysis_media", table_name="analysis")
    op.drop_table("analysis")
    op.drop_index("item_running", table_name="item", postgresql_where=sa.text("state = 'running'"))
    op.drop_index(
        "item_ready_listing",
        table_name="item",
        postgresql_where=sa.text("state = 'ready' AND kind = 'list'"),
    )
    op.drop_index("item_ready", table_name="item", postgresql_where=sa.text("state = 'ready'"))
    op.drop_index("item_of_job", table_name="item")
    op.drop_index("item_failed", table_name="item", postgresql_where=sa.text("state = 'failed'"))
    op.drop_index(
        "item_deferred", table_name="item", postgresql_where=sa.text("state = 'deferred'")
    )
    op.drop_table("item")
    op.drop_index("job_open", table_name="job", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("job_of_account", table_name="job")
    op.drop_table("job")
    op.drop_table("queue_pulse")
    op.drop_index("object_touched", table_name="object")
    op.drop_table("object")
    op.drop_table("model")
    op.drop_table("media")
    op.drop_index("job_delta_of_job", table_name="job_delta")
    op.drop_table("job_delta")
    op.drop_table("account")
