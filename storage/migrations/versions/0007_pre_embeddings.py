"""Embeddings of items and of some of their segments, with indexes that find the nearest (HNSW)."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "0007"
down_revision = "0011"

_LENGTH = 48  # of the shipped detector's vectors; others are searched without an index


def upgrade() -> None:
    """Make the table; items from before are in it once `verity search --fill` was run."""
    op.create_table(
        "item_embedding",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=False),
        sa.Column("end_s", sa.Float(), nullable=False),
        sa.Column("track", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("llr", sa.REAL(), nullable=True),
        sa.Column("embedding", Vector(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["analysis.item_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "place"),
        postgresql_with={"autovacuum_vacuum_scale_factor": 0.05},
    )
    op.create_index(
        "item_embedding_of_account", "item_embedding", ["account_id", "detector", "place"]
    )
    op.create_index("item_embedding_of_job", "item_embedding", ["job_id", "place"])
    for kind, condition in (("whole", "place = 0"), ("part", "place > 0")):
        op.create_index(
            f"item_embedding_{kind}",
            "item_embedding",
            [sa.text(f"(embedding::vector({_LENGTH})) vector_cosine_ops")],
            postgresql_using="hnsw",
            postgresql_where=sa.text(f"{condition} AND vector_dims(embedding) = {_LENGTH}"),
        )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("item_embedding")
