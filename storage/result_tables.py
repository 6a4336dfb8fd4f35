"""Tables of what was found: written once (media, model, analysis, segment, report, report_file, audit).

`object` follows what lies in the object store.
"""

from datetime import datetime
from typing import Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class ObjectRow(Table):
    """What was, or is about to be, put into the object store."""

    __tablename__ = "object"
    __table_args__ = (
        Index("object_touched", "touched_at"),
        # how much an account stores is a sum over this index alone (`quota_rows.py`)
        Index("object_of_account", "account_id", postgresql_include=["size_bytes"]),
    )

    key: Mapped[str] = mapped_column(primary_key=True)  # account/sha256
    account_id: Mapped[str]
    size_bytes: Mapped[int]
    touched_at: Mapped[datetime] = mapped_column(server_default=NOW)
    deleting_at: Mapped[datetime | None]  # the sweep has it: nobody may name it any more
    # two rows of one key, before and after a sweep, differ in it; older versions leave it out
    born_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    # since then its bytes are there for sure; None: announced, or left to the sweep
    put_at: Mapped[datetime | None] = mapped_column(server_default=text("now()"))


class SweptObject(Table):
    """A key whose row the sweep took a short time ago: a put from before may still land there."""

    __tablename__ = "swept_object"
    __table_args__ = (
        Index("swept_object_touched", "touched_at"),
        Index("swept_object_looked", "looked_at"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    touched_at: Mapped[datetime]  # the last time that somebody was about to put it
    swept_at: Mapped[datetime] = mapped_column(server_default=NOW)
    looked_at: Mapped[datetime] = mapped_column(server_default=NOW)  # whether bytes are there again


class ModelRow(Table):
    """A model file that took part in an analysis."""

    __tablename__ = "model"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    first_used_at: Mapped[datetime] = mapped_column(server_default=NOW)


class MediaRow(Table):
    """A file that was fetched, once for each account."""

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("account_id", "sha256", name="media_bytes"),)

    media_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    probe: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class AnalysisRow(Table):
    """What the analysis of one item found; at most one an item, the current one."""

    __tablename__ = "analysis"
    __table_args__ = (
        UniqueConstraint("item_id", name="analysis_item"),
        Index("analysis_of_job", "job_id", "item_id"),
        Index("analysis_media", "media_id"),
        Index(
            "analysis_to_reuse",
            "media_id",
            "basis_sha256",
            postgresql_where=text("basis_sha256 IS NOT NULL AND reused_item_id IS NULL"),
        ),
    )

    analysis_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    item_id: Mapped[int]  # of `any_item`
    job_id: Mapped[int]
    account_id: Mapped[str]
    media_id: Mapped[int | None] = mapped_column(ForeignKey("media.media_id"))
    detector: Mapped[str | None] = mapped_column(ForeignKey("model.sha256"))
    separator: Mapped[str | None] = mapped_column(ForeignKey("model.sha256"))
    options: Mapped[dict[str, Any]]
    custody: Mapped[dict[str, Any] | None]
    verdict: Mapped[str | None]
    reason: Mapped[str | None]
    llr: Mapped[float | None]
    llr_limit: Mapped[float | None]
    voiced_s: Mapped[float | None]
    separated_llr: Mapped[float | None]
    spans: Mapped[list[Any] | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_stage: Mapped[str | None]
    versions: Mapped[dict[str, Any]]
    timings_s: Mapped[dict[str, Any]]
    analysed_at: Mapped[datetime]
    # over all that the numbers rest on beside the bytes; NULL: never used again
    basis_sha256: Mapped[str | None]
    reused_item_id: Mapped[int | None]  # whose analysis this is a copy of


class SegmentRow(Table):
    """One segment of an analysis; NULL where it was not scored, then with a reason."""

    __tablename__ = "segment"

    analysis_id: Mapped[int] = mapped_column(
        ForeignKey("analysis.analysis_id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)  # from 0, in order
    start_s: Mapped[float]
    end_s: Mapped[float]
    track: Mapped[int] = mapped_column(SmallInteger)
    channel: Mapped[int] = mapped_column(SmallInteger)
    variant: Mapped[str]
    reason: Mapped[str]
    quality: Mapped[int] = mapped_column(Integer)
    voiced_share: Mapped[float] = mapped_column(REAL)
    removed_share: Mapped[float] = mapped_column(REAL)
    cm_score: Mapped[float | None] = mapped_column(REAL)
    llr: Mapped[float | None] = mapped_column(REAL)
    # models differ in length, so the column has none; an index of issue 'search' brings its own
    embedding: Mapped[Any | None] = mapped_column(Vector())


class ReportRow(Table):
    """The report document of an item; at most one an item, the current one."""

    __tablename__ = "report"
    __table_args__ = (Index("report_of_job", "job_id", "item_id"),)

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of `any_item`
    job_id: Mapped[int]
    account_id: Mapped[str]
    document: Mapped[dict[str, Any]]
    findings_sha256: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ReportFileRow(Table):
    """A rendered report in the object store."""

    __tablename__ = "report_file"
    __table_args__ = (Index("report_file_object", "key"),)

    item_id: Mapped[int] = mapped_column(
        ForeignKey("report.item_id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)  # json, pdf, csv
    key: Mapped[str] = mapped_column(ForeignKey("object.key"))
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    file_name: Mapped[str]
    content_type: Mapped[str]


class AuditRow(Table):
    """One thing that happened to an item; append-only, chained by hashes (`audit_rows.py`)."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_of_item", "item_id", "number"),
        Index("audit_of_account", "account_id", "number"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1, no gaps
    at: Mapped[datetime]
    event: Mapped[str]
    account_id: Mapped[str]
    job_id: Mapped[int]
    item_id: Mapped[int]  # no foreign key: the log outlives what it tells of
    facts: Mapped[dict[str, Any]]
    previous_sha256: Mapped[str]
    sha256: Mapped[str]
