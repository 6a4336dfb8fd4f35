"""An index of a job's analyses: its report asks for them again and again."""

from alembic import op

revision = "0008"
down_revision = "0014"


def upgrade() -> None:
    """Make it."""
    op.create_index("analysis_of_job", "analysis", ["job_id", "item_id"])


def downgrade() -> None:
    """Remove it."""
    op.drop_index("analysis_of_job", table_name="analysis")
