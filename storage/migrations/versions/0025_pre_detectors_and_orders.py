"""Jobs may name a detector; an account's rows of the audit log, and items by title, have indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0021"

_TITLE = sa.text('"left"(lower(title), 100)')


def upgrade() -> None:
    """Add the column and the indexes."""
    op.add_column("job", sa.Column("detector", sa.Text(), server_default="", nullable=False))
    op.create_index("audit_of_account", "audit", ["account_id", "number"])
    op.create_index(
        "item_title",
        "item",
        ["job_id", _TITLE, "item_id"],
        postgresql_where=sa.text("kind = 'media'"),
    )
    op.create_index("item_archive_title", "item_archive", ["job_id", _TITLE, "item_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("item_archive_title", "item_archive")
    op.drop_index("item_title", "item")
    op.drop_index("audit_of_account", "audit")
    op.drop_column("job", "detector")
