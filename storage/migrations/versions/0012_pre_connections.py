"""Buckets that an operator bound to an account."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    now = sa.text("clock_timestamp()")
    op.create_table(
        "s3_connection",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"]),
        sa.PrimaryKeyConstraint("account_id", "name"),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("s3_connection")
