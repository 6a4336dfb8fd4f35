"""Opinions of examiners, each with a version of the report of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "review",
        sa.Column("review_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("examiner", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("reviewed_sha256", sa.Text(), nullable=False),
        sa.Column("findings_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("review_id"),
        sa.UniqueConstraint("item_id", "version", name="review_version"),
    )
    op.create_index("review_of_job", "review", ["job_id", "item_id"])
    op.create_table(
        "review_file",
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.review_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["key"], ["object.key"]),
        sa.PrimaryKeyConstraint("review_id", "kind"),
    )
    op.create_index("review_file_object", "review_file", ["key"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("review_file")
    op.drop_table("review")
