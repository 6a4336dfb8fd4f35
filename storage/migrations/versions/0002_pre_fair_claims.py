"""What fair claims need: who was served when, caps, versions, outages, and turns of hosts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns; all defaults are constants, so that no table is written anew."""
    op.add_column("account", sa.Column("served_at", _TIME, nullable=True))
    op.execute("ALTER TABLE account SET (fillfactor = 50)")
    op.add_column("job", sa.Column("served_at", _TIME, nullable=True))
    op.add_column("job", sa.Column("max_running", sa.Integer(), nullable=True))
    op.add_column(
        "job", sa.Column("item_version", sa.SmallInteger(), server_default="1", nullable=False)
    )
    op.add_column(
        "item", sa.Column("n_outages", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("item", sa.Column("host", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "host_turn",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", _TIME, nullable=False),
        sa.Column("blocked_until", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("host"),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("host_turn")
    op.drop_column("item", "host")
    op.drop_column("item", "n_outages")
    op.drop_column("job", "item_version")
    op.drop_column("job", "max_running")
    op.drop_column("job", "served_at")
    op.execute("ALTER TABLE account RESET (fillfactor)")
    op.drop_column("account", "served_at")
