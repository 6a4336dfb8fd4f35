"""People as an identity provider knows them, and fleet workers that say that they are there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0016"

_TIME = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "federated",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("given_role", sa.Text(), server_default="", nullable=False),
        sa.Column("linked_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("used_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"]),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_index("federated_of_person", "federated", ["person_id"])
    op.create_table(
        "fleet_worker",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), server_default="", nullable=False),
        sa.Column("lack", sa.Text(), server_default="", nullable=False),
        sa.Column("actors", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("seen_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("worker_id"),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("fleet_worker")
    op.drop_table("federated")
