"""The tables of sweeps and of notices, beside those of the queue in `storage.tables`."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class SweepRow(Table):
    """A job that is submitted again and again, by a schedule."""

    __tablename__ = "sweep"
    __table_args__ = (
        Index(
            "sweep_due",
            "next_at",
            postgresql_where=text("paused_at IS NULL AND removed_at IS NULL"),
        ),
        Index("sweep_of_account", "account_id", "sweep_id"),
    )

    sweep_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    key_id: Mapped[str | None]  # that made it: its jobs count for that key too
    name: Mapped[str]
    cron: Mapped[str]
    timezone: Mapped[str]
    spec: Mapped[dict[str, Any]]  # the job that each run submits
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    paused_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]  # its runs stay
    next_at: Mapped[datetime]  # the tick that is to come


class SweepRunRow(Table):
    """What became of one tick of a sweep."""

    __tablename__ = "sweep_run"
    __table_args__ = (
        UniqueConstraint("sweep_id", "due_at", name="sweep_run_tick"),
        Index("sweep_run_open", "job_id", postgresql_where=text("digest IS NULL")),
    )

    run_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweep.sweep_id"))
    due_at: Mapped[datetime]
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)
    n_missed: Mapped[int] = mapped_column(Integer, server_default="0")  # ticks before it
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.job_id"))  # NULL: left out
    digest: Mapped[dict[str, Any] | None]  # once the job is over


class SubscriptionRow(Table):
    """Who wants to be told of what, and where."""

    __tablename__ = "subscription"
    __table_args__ = (Index("subscription_of_account", "account_id"),)

    subscription_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    channel: Mapped[str]  # webhook, email
    target: Mapped[str]  # a URL, an address
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; of a webhook's signatures
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    removed_at: Mapped[datetime | None]


class NoticeRow(Table):
    """One message to one subscriber: written with what it tells of, sent afterwards."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("subscription_id", "event", "subject", name="notice_once"),
        Index("notice_due", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("notice_of_account", "account_id", "notice_id"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    notice_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.subscription_id"))
    account_id: Mapped[str]
    event: Mapped[str]
    subject: Mapped[str]  # what it tells of, such as `item:4711`
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    state: Mapped[str] = mapped_column(server_default="waiting")  # waiting, sent, dead
    n_tries: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=NOW)
    last_error: Mapped[str] = mapped_column(server_default="")
    ended_at: Mapped[datetime | None]
