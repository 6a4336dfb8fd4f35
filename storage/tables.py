"""The queue's tables, as SQLAlchemy sees them; `migrations/` makes them, a test compares the two.

They (job, job_delta, item, attempt, host_turn, queue_pulse) change with every item and are kept narrow
and loosely filled; items of jobs that ended long ago lie in item_archive, and the view any_item has
both. What items come from is in `source_tables`, what is found in `result_tables`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NOW = text("clock_timestamp()")  # the database's clock is the only one (DESIGN.md §7)

# what items are ordered by title with: an index holds no entry of any length
SHORT_TITLE = text('"left"(lower(title), 100)')


class Table(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as a class attribute)
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        float: Float,
        int: BigInteger,
        str: Text,
    }


class Account(Table):
    """Whose jobs, reports and objects; a wall between customers."""

    __tablename__ = "account"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    account_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    served_at: Mapped[datetime | None]  # last claim beside other jobs: who waited longest is next


class JobRow(Table):
    """A request of many items, with the folded part of its counters."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_open", "priority", "job_id", postgresql_where=text("closed_at IS NULL")),
        Index("job_of_account", "account_id", "job_id"),
        Index("job_of_key", "key_id", postgresql_where=text("key_id IS NOT NULL")),
        Index(
            "job_to_archive",
            "closed_at",
            postgresql_where=text("closed_at IS NOT NULL AND archived_at IS NULL"),
        ),
        {"postgresql_with": {"fillfactor": 50}},
    )

    job_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    key_id: Mapped[str | None]  # that asked for it; no foreign key: only its quota is looked up
    name: Mapped[str] = mapped_column(server_default="")
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text))
    priority: Mapped[int] = mapped_column(SmallInteger)
    options: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    paused_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]  # set by the folder once nothing is open
    served_at: Mapped[datetime | None]  # last claim beside other jobs
    max_running: Mapped[int | None] = mapped_column(Integer)  # items at once; NULL: no cap
    # False: every item is analysed anew, whatever the account has analysed before
    may_reuse: Mapped[bool] = mapped_column(server_default=text("true"))
    archived_at: Mapped[datetime | None]  # its items have left the queue's table (ArchivedItemRow)
    # days that media and reports are kept; NULL: as the installation says
    keep_media_days: Mapped[int | None] = mapped_column(Integer)
    keep_report_days: Mapped[int | None] = mapped_column(Integer)
    # SHA-256 of the detector that was asked for; "": the worker's own. Who has not got it passes by
    detector: Mapped[str] = mapped_column(server_default="")
    # workers that know only older items leave the job alone
    item_version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    n_listing: Mapped[int] = mapped_column(server_default="0")
    n_total: Mapped[int] = mapped_column(server_default="0")
    n_done: Mapped[int] = mapped_column(server_default="0")
    n_failed: Mapped[int] = mapped_column(server_default="0")
    n_cancelled: Mapped[int] = mapped_column(server_default="0")


class JobDelta(Table):
    """A change of a job's counters, until the folder adds it to the job's row."""

    __tablename__ = "job_delta"
    __table_args__ = (
        Index("job_delta_of_job", "job_id"),
        {
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": 0,
                "autovacuum_vacuum_threshold": 2000,
            }
        },
    )

    delta_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    # no foreign key: an append must not lock the job's row
    job_id: Mapped[int]
    n_listing: Mapped[int] = mapped_column(Integer, server_default="0")
    n_total: Mapped[int] = mapped_column(Integer, server_default="0")
    n_done: Mapped[int] = mapped_column(Integer, server_default="0")
    n_failed: Mapped[int] = mapped_column(Integer, server_default="0")
    n_cancelled: Mapped[int] = mapped_column(Integer, server_default="0")
    # of what was done or failed: a finding, or `failed:CODE` (`JobTallyRow`)
    outcome: Mapped[str] = mapped_column(server_default="")


class ItemColumns:
    """What the queue's table and the archive have in common: everything but the key."""

    job_id: Mapped[int] = mapped_column(ForeignKey("job.job_id"))
    account_id: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger)  # within the job: listings first
    source_uri: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")
    source_key: Mapped[str]
    host: Mapped[str] = mapped_column(server_default="")  # that is asked for it; "": no limit
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    cursor: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    available_at: Mapped[datetime | None]
    # the claim
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    worker_id: Mapped[str] = mapped_column(server_default="")
    claimed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(server_default="")
    progress: Mapped[float] = mapped_column(REAL, server_default="0")
    n_crashes: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # towards quarantine
    n_failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # towards giving up
    n_losses: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # workers that went
    n_outages: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # services of ours
    # the end
    finished_at: Mapped[datetime | None]
    verdict: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    llr: Mapped[float | None]
    voiced_s: Mapped[float | None]
    error_code: Mapped[str] = mapped_column(server_default="")
    error_message: Mapped[str] = mapped_column(server_default="")


class ItemRow(ItemColumns, Table):
    """One piece of work: a source to list or a medium to analyse."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("job_id", "source_key", name="item_source_key"),
        Index(
            "item_ready",
            "job_id",
            "priority",
            "item_id",
            postgresql_where=text("state = 'ready'"),
        ),
        Index(
            "item_ready_listing",
            "job_id",
            "item_id",
            postgresql_where=text("state = 'ready' AND kind = 'list'"),
        ),
        Index("item_deferred", "available_at", postgresql_where=text("state = 'deferred'")),
        # small, since a fleet holds few items at once: who runs how many, and whose lease is over
        Index("item_running", "account_id", "job_id", postgresql_where=text("state = 'running'")),
        Index("item_failed", "job_id", "item_id", postgresql_where=text("state = 'failed'")),
        Index("item_of_job", "job_id", "item_id"),
        # what people look through a job by (`item_pages`), and its pace: entered at the end alone
        Index(
            "item_ended",
            "job_id",
            "finished_at",
            postgresql_where=text("state IN ('done', 'failed') AND kind = 'media'"),
        ),
        Index(
            "item_finding",
            "job_id",
            "verdict",
            "item_id",
            postgresql_where=text("state = 'done'"),
        ),
        Index(
            "item_llr",
            "job_id",
            "verdict",
            "llr",
            "item_id",
            postgresql_where=text("state = 'done' AND llr IS NOT NULL"),
        ),
        Index(
            "item_title",
            "job_id",
            SHORT_TITLE,
            "item_id",
            postgresql_where=text("kind = 'media'"),
        ),
        {
            "postgresql_with": {
                "fillfactor": 70,  # heartbeats stay in their page (HOT)
                "autovacuum_vacuum_scale_factor": 0.01,
                "autovacuum_vacuum_cost_delay": 0,
            }
        },
    )

    item_id: Mapped[int] = mapped_column(Identity(), primary_key=True)


class ArchivedItemRow(ItemColumns, Table):
    """An item of a job that ended long ago: read, never claimed; the view `any_item` has both."""

    __tablename__ = "item_archive"
    __table_args__ = (
        UniqueConstraint("job_id", "source_key", name="item_archive_source_key"),
        Index("item_archive_of_job", "job_id", "item_id"),
        Index("item_archive_state", "job_id", "state", "verdict", "item_id"),
        Index(
            "item_archive_llr",
            "job_id",
            "verdict",
            "llr",
            "item_id",
            postgresql_where=text("state = 'done' AND llr IS NOT NULL"),
        ),
        Index("item_archive_title", "job_id", SHORT_TITLE, "item_id"),
    )

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # as in `item`


class AttemptRow(Table):
    """How one try of an item ended; written at its end, running ones stand in `item`."""

    __tablename__ = "attempt"

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of `any_item`
    fence: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer)
    worker_id: Mapped[str]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime] = mapped_column(server_default=NOW)
    stage: Mapped[str]
    cause: Mapped[str]
    code: Mapped[str] = mapped_column(server_default="")
    message: Mapped[str] = mapped_column(server_default="")


class QueuePulse(Table):
    """One row: when the queue was last tended, so that an outage is noticed (DESIGN.md §7)."""

    __tablename__ = "queue_pulse"

    pulse_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    beat_at: Mapped[datetime] = mapped_column(server_default=NOW)
    reclaim_after: Mapped[datetime] = mapped_column(server_default=NOW)


class HostTurn(Table):
    """How many fetches a host may be asked for now; hosts with a full bucket have no row."""

    __tablename__ = "host_turn"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    host: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]  # at `filled_at`; below 0: several workers took the last one at once
    filled_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]  # the host asked to be left alone until then
