"""Tables of what happens to a report after the analysis: opinions of examiners, and deletion.

A row's item may lie in the archive, so no key points at its table.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class ReviewRow(Table):
    """An examiner's signed opinion, and the version of the report that holds it first."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint(
            "item_id", "version", name="review_version"
        ),  # of two at once, one is later
        Index("review_of_job", "job_id", "item_id"),
    )

    review_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    item_id: Mapped[int]
    job_id: Mapped[int]
    account_id: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)  # of the report, from 2
    opinion: Mapped[str]
    text: Mapped[str]
    examiner: Mapped[str]
    at: Mapped[datetime]
    jws: Mapped[str]  # the opinion, signed
    reviewed_sha256: Mapped[str]  # the JSON that the examiner had
    findings_sha256: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ReviewFileRow(Table):
    """A file of a reviewed version in the object store."""

    __tablename__ = "review_file"
    __table_args__ = (Index("review_file_object", "key"),)

    review_id: Mapped[int] = mapped_column(
        ForeignKey("review.review_id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)  # json, jws, pdf
    key: Mapped[str] = mapped_column(ForeignKey("object.key"))
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    file_name: Mapped[str]
    content_type: Mapped[str]


class KeptMediaRow(Table):
    """One item's claim on the bytes that it was analysed from; they go with their last claim."""

    __tablename__ = "kept_media"
    __table_args__ = (
        Index("kept_media_object", "key"),
        Index("kept_media_of_job", "job_id", "item_id"),
    )

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job_id: Mapped[int]
    account_id: Mapped[str]
    key: Mapped[str] = mapped_column(ForeignKey("object.key"))
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    kept_at: Mapped[datetime] = mapped_column(server_default=NOW)


class TombstoneRow(Table):
    """What is left of a deleted medium or report: hashes and custody, for good."""

    __tablename__ = "tombstone"
    __table_args__ = (Index("tombstone_of_job", "job_id", "item_id"),)

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(primary_key=True)  # media, report
    job_id: Mapped[int]
    account_id: Mapped[str]
    why: Mapped[str]  # request, rule
    asked_by: Mapped[str]
    deleted_at: Mapped[datetime] = mapped_column(server_default=NOW)
    media_sha256: Mapped[str | None]
    size_bytes: Mapped[int | None]
    findings_sha256: Mapped[str | None]
    files: Mapped[dict[str, Any]]  # file name -> SHA-256 of what was deleted
    custody: Mapped[dict[str, Any] | None]
