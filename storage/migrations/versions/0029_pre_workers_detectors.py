"""Workers say which detectors they can listen with, so that a job that waits for one can say so."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0029"
down_revision = "0022"


def upgrade() -> None:
    """Add the column; a worker of the version before says nothing of them."""
    op.add_column(
        "fleet_worker",
        sa.Column("detectors", ARRAY(sa.Text), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_column("fleet_worker", "detectors")
