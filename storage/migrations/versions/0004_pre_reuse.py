"""What earlier analyses rest on, so that an account's later items can use them again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TO_REUSE = sa.text("basis_sha256 IS NOT NULL AND reused_item_id IS NULL")


def upgrade() -> None:
    """Add the columns; analyses from before have no basis and are never used again."""
    op.add_column(
        "job", sa.Column("may_reuse", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("analysis", sa.Column("basis_sha256", sa.Text(), nullable=True))
    op.add_column("analysis", sa.Column("reused_item_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "analysis_to_reuse", "analysis", ["media_id", "basis_sha256"], postgresql_where=_TO_REUSE
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index("analysis_to_reuse", table_name="analysis", postgresql_where=_TO_REUSE)
    op.drop_column("analysis", "reused_item_id")
    op.drop_column("analysis", "basis_sha256")
    op.drop_column("job", "may_reuse")
