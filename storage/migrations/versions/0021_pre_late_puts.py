"""Objects that were put for sure, and keys where a put may still land after the sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")
# the same for all rows, so that none is written anew; and what older workers insert has it too
_ONCE = sa.text("now()")


def upgrade() -> None:
    """Make the table and the columns."""
    op.add_column("object", sa.Column("born_at", _TIME, server_default=_ONCE, nullable=False))
    op.add_column("object", sa.Column("put_at", _TIME, server_default=_ONCE, nullable=True))
    op.create_table(
        "swept_object",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("touched_at", _TIME, nullable=False),
        sa.Column("swept_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("looked_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("swept_object_touched", "swept_object", ["touched_at"])
    op.create_index("swept_object_looked", "swept_object", ["looked_at"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("swept_object")
    op.drop_column("object", "put_at")
    op.drop_column("object", "born_at")
