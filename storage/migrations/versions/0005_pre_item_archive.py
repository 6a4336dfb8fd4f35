"""A table for items of jobs that ended long ago, so that the queue's own table stays small."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True)
_TO_ARCHIVE = sa.text("closed_at IS NOT NULL AND archived_at IS NULL")
# an item changes its table while these rows stay: the key has no one table to point at any more
_OF_ITEM = ("attempt", "analysis", "report")


def upgrade() -> None:
    """Make the archive and the view over both tables."""
    op.add_column("job", sa.Column("archived_at", _TIME, nullable=True))
    op.create_index("job_to_archive", "job", ["closed_at"], postgresql_where=_TO_ARCHIVE)
    columns = _columns()
    op.create_table(
        "item_archive",
        *columns,
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"]),
        sa.PrimaryKeyConstraint("item_id"),
        sa.UniqueConstraint("job_id", "source_key", name="item_archive_source_key"),
    )
    op.create_index("item_archive_of_job", "item_archive", ["job_id", "item_id"])
    names = ", ".join(str(column.name) for column in columns)
    op.execute(
        f"CREATE VIEW any_item AS SELECT {names} FROM item"  # noqa: S608 (names of our own)
        f" UNION ALL SELECT {names} FROM item_archive"
    )
    for table in _OF_ITEM:
        op.drop_constraint(f"{table}_item_id_fkey", table, type_="foreignkey")


def downgrade() -> None:
    """Bring the items back and remove the archive."""
    names = ", ".join(str(column.name) for column in _columns())
    op.execute(
        f"INSERT INTO item ({names}) OVERRIDING SYSTEM VALUE"  # noqa: S608
        f" SELECT {names} FROM item_archive"
    )
    for table in _OF_ITEM:
        op.create_foreign_key(
            f"{table}_item_id_fkey", table, "item", ["item_id"], ["item_id"], ondelete="CASCADE"
        )
    op.execute("DROP VIEW any_item")
    op.drop_table("item_archive")
    op.drop_index("job_to_archive", table_name="job", postgresql_where=_TO_ARCHIVE)
    op.drop_column("job", "archived_at")


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("source_uri", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("available_at", _TIME, nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker_id", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_at", _TIME, nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("progress", sa.REAL(), server_default="0", nullable=False),
        sa.Column("n_crashes", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("n_failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("n_losses", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("n_outages", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("llr", sa.Float(), nullable=True),
        sa.Column("voiced_s", sa.Float(), nullable=True),
        sa.Column("error_code", sa.Text(), server_default="", nullable=False),
        sa.Column("error_message", sa.Text(), server_default="", nullable=False),
    ]
