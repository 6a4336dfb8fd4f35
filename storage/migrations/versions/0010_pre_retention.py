"""Media that are kept, how long that and reports are, and what is left of what was deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables; jobs from before follow the installation's rule."""
    op.add_column("job", sa.Column("keep_media_days", sa.Integer(), nullable=True))
    op.add_column("job", sa.Column("keep_report_days", sa.Integer(), nullable=True))
    op.create_table(
        "kept_media",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("kept_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["key"], ["object.key"]),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("kept_media_object", "kept_media", ["key"])
    op.create_index("kept_media_of_job", "kept_media", ["job_id", "item_id"])
    op.create_table(
        "tombstone",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("deleted_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("media_sha256", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("findings_sha256", sa.Text(), nullable=True),
        sa.Column("files", postgresql.JSONB(), nullable=False),
        sa.Column("custody", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("item_id", "what"),
    )
    op.create_index("tombstone_of_job", "tombstone", ["job_id", "item_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("tombstone")
    op.drop_table("kept_media")
    op.drop_column("job", "keep_report_days")
    op.drop_column("job", "keep_media_days")
