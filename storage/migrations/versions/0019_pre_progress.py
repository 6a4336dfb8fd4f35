"""Provisional segments, counts by outcome, and the orders in which a job's items are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0020"

_INDEXES = (
    ("item_ended", "item", "finished_at", "state IN ('done', 'failed') AND kind = 'media'"),
    ("item_finding", "item", "verdict, item_id", "state = 'done'"),
    ("item_llr", "item", "verdict, llr, item_id", "state = 'done' AND llr IS NOT NULL"),
    ("item_archive_state", "item_archive", "state, verdict, item_id", ""),
    (
        "item_archive_llr",
        "item_archive",
        "verdict, llr, item_id",
        "state = 'done' AND llr IS NOT NULL",
    ),
)


def upgrade() -> None:
    """Make tables, column and indexes; count what has ended."""
    op.create_table(
        "provisional",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("item_id"),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "job_tally",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "outcome"),
    )
    op.add_column("job_delta", sa.Column("outcome", sa.Text(), server_default="", nullable=False))
    for name, table, columns, only in _INDEXES:
        where = f" WHERE {only}" if only else ""
        op.execute(f"CREATE INDEX {name} ON {table} (job_id, {columns}){where}")
    op.execute(
        "INSERT INTO job_tally (job_id, outcome, n)"
        " SELECT job_id, CASE state WHEN 'done' THEN verdict ELSE 'failed:' || error_code END,"
        " count(*) FROM any_item"
        " WHERE (state = 'done' AND verdict <> '') OR state = 'failed' GROUP BY 1, 2"
    )


def downgrade() -> None:
    """Remove them."""
    for name, _, _, _ in _INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.drop_column("job_delta", "outcome")
    op.drop_table("job_tally")
    op.drop_table("provisional")
