"""Uploads say how far their bytes are being put, so that none counts twice while it is on its way."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0029"


def upgrade() -> None:
    """Add the column; a server of the version before announces nothing."""
    op.add_column(
        "upload", sa.Column("n_announced", sa.BigInteger(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_column("upload", "n_announced")
