"""Files that people send, in parts, and the jobs that name them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "upload",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("metadata_line", sa.Text(), server_default="", nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.PrimaryKeyConstraint("upload_id"),
    )
    op.create_index("upload_of_account", "upload", ["account_id", "created_at", "upload_id"])
    op.create_index("upload_expiry", "upload", ["expires_at"])
    is_open = sa.text("finished_at IS NULL")
    op.create_index("upload_open", "upload", ["account_id"], postgresql_where=is_open)
    op.create_table(
        "upload_part",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.upload_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["key"], ["object.key"]),
        sa.PrimaryKeyConstraint("upload_id", "start"),
    )
    op.create_index("upload_part_object", "upload_part", ["key"])
    op.create_table(
        "upload_use",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.upload_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"]),
        sa.PrimaryKeyConstraint("upload_id", "job_id"),
    )
    op.create_index("upload_use_of_job", "upload_use", ["job_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("upload_use")
    op.drop_table("upload_part")
    op.drop_table("upload")
