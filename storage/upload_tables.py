"""Tables of files that people send: whole or on their way, in parts that lie in the object store."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class UploadRow(Table):
    """A file that somebody sends, and how much of it is here."""

    __tablename__ = "upload"
    __table_args__ = (
        Index("upload_of_account", "account_id", "created_at", "upload_id"),
        Index("upload_expiry", "expires_at"),
        Index("upload_open", "account_id", postgresql_where=text("finished_at IS NULL")),
    )

    upload_id: Mapped[str] = mapped_column(primary_key=True)  # 128 random bits
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    key_id: Mapped[str | None]  # whose quota it counts against; NULL: a browser's
    name: Mapped[str]  # as they call it: untrusted text
    metadata_line: Mapped[str] = mapped_column(server_default="")  # as it came, for HEAD
    size_bytes: Mapped[int]  # that they said it has
    n_bytes: Mapped[int] = mapped_column(server_default="0")  # that are here
    n_announced: Mapped[int] = mapped_column(server_default="0")  # with those that are being put
    sha256: Mapped[str | None]  # of the whole, once it is here
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]  # unless a job that is not over names it


class UploadPartRow(Table):
    """A stretch of a file, as an object."""

    __tablename__ = "upload_part"
    __table_args__ = (Index("upload_part_object", "key"),)

    upload_id: Mapped[str] = mapped_column(
        ForeignKey("upload.upload_id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # bytes before it
    key: Mapped[str] = mapped_column(ForeignKey("object.key"))
    size_bytes: Mapped[int]


class UploadUseRow(Table):
    """A job that names an upload: it stays until the job is over."""

    __tablename__ = "upload_use"
    __table_args__ = (Index("upload_use_of_job", "job_id"),)

    upload_id: Mapped[str] = mapped_column(
        ForeignKey("upload.upload_id", ondelete="CASCADE"), primary_key=True
    )
    job_id: Mapped[int] = mapped_column(
        ForeignKey("job.job_id"), primary_key=True, autoincrement=False
    )
