"""Feedback is counted by finding within an account."""

from alembic import op

revision = "0018"
down_revision = "0019"


def upgrade() -> None:
    """Add the index."""
    op.create_index("feedback_of_account", "feedback", ["account_id", "verdict"])


def downgrade() -> None:
    """Remove it."""
    op.drop_index("feedback_of_account", "feedback")
