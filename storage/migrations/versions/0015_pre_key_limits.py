"""A limit of requests for each key."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    """Add the column."""
    op.add_column("api_key", sa.Column("requests_a_minute", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("api_key", "requests_a_minute")
