"""Tables of where items come from: what was met before, what was left out, sealed secrets, connections."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    SmallInteger,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class SeenRow(Table):
    """A medium that a listing of new media alone has met, so that the next one leaves it out."""

    __tablename__ = "seen"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    # of (source, extractor, full URL or guid, ETag or length): `jobs.sources.items.source_key`
    source_key: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[int | None]  # its newest item; no foreign key: items go before this does
    n_tries: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)


class SkippedRow(Table):
    """What a listing found and left out: archives, folder markers, links, the same thing twice."""

    __tablename__ = "skipped"

    job_id: Mapped[int] = mapped_column(
        ForeignKey("job.job_id", ondelete="CASCADE"), primary_key=True
    )
    why: Mapped[str] = mapped_column(primary_key=True)
    name_sha256: Mapped[str] = mapped_column(primary_key=True)  # names may be long
    name: Mapped[str]


class SourceSecretRow(Table):
    """A job's cookies or proxy, sealed; the key is not in the database (`storage/sealing.py`)."""

    __tablename__ = "source_secret"
    __table_args__ = (Index("source_secret_of_job", "job_id"),)

    secret_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.job_id", ondelete="CASCADE"))
    kind: Mapped[str]
    sealed: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ConnectionRow(Table):
    """A prefix of a bucket that an operator bound to an account, with credentials of its own."""

    __tablename__ = "s3_connection"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[str]
    prefix: Mapped[str]
    options: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
