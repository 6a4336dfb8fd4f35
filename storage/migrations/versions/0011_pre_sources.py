"""What listings have seen and skipped, and the sealed secrets of sources."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0013"


def upgrade() -> None:
    """Make the tables."""
    now = sa.text("clock_timestamp()")
    op.create_table(
        "seen",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("n_tries", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "source_key"),
    )
    op.create_table(
        "skipped",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("name_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "why", "name_sha256"),
    )
    op.create_table(
        "source_secret",
        sa.Column("secret_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("secret_id"),
    )
    op.create_index("source_secret_of_job", "source_secret", ["job_id"])


def downgrade() -> None:
    """Remove them."""
    for table in ("source_secret", "skipped", "seen"):
        op.drop_table(table)
