"""Files that people send, in SQL. Every function takes the account, and sees nothing of another.

How much of a file is here changes by compare-and-set (`add_part`): of two senders at one place the
second one is told, whatever became of the first one's connection. A file that is whole changes no
more. Parts are objects that these rows name; the sweep takes them once the rows are gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from storage.stored_text import storable


@dataclass(frozen=True, slots=True)
class UploadFacts:
    """A file that somebody sends."""

    upload_id: str
    account_id: str
    key_id: str | None
    name: str
    metadata_line: str
    size_bytes: int  # that they said it has
    n_bytes: int  # that are here
    sha256: str | None  # None: it is not whole
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that somebody is about to send."""

    upload_id: str
    account_id: str
    key_id: str | None
    name: str
    metadata_line: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A stretch of a file."""

    start: int  # bytes before it
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadsHeld:
    """What an account's uploads take up."""

    n_open: int  # not whole
    n_bytes: int  # here, or said of those that are not whole


_COLUMNS = (
    "upload_id, account_id, key_id, name, metadata_line, size_bytes, n_bytes, sha256, created_at,"
    " finished_at, expires_at"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('upload/' || :account_id, 0))")
_HELD = text("""
SELECT count(*) FILTER (WHERE finished_at IS NULL) AS n_open,
       coalesce(sum(size_bytes), 0)::bigint AS n_bytes
FROM upload WHERE account_id = :account_id AND (CAST(:key_id AS text) IS NULL OR key_id = :key_id)
""")


def lock_uploads(connection: Connection, account_id: str) -> None:
    """Let nobody else begin an upload of the account until the transaction's end."""
    connection.execute(_LOCK, {"account_id": account_id})


def read_held(connection: Connection, account_id: str, key_id: str | None = None) -> UploadsHeld:
    """Return what an account's uploads take up, or those of one of its keys."""
    row = connection.execute(_HELD, {"account_id": account_id, "key_id": key_id}).mappings().one()
    return UploadsHeld(**row)


_INSERT = text(f"""
INSERT INTO upload (upload_id, account_id, key_id, name, metadata_line, size_bytes, expires_at)
VALUES (:upload_id, :account_id, :key_id, :name, :metadata_line, :size_bytes,
        clock_timestamp() + make_interval(secs => :keep_s))
RETURNING {_COLUMNS}
""")  # noqa: S608 (names of our own)


def insert_upload(connection: Connection, new: NewUpload, keep_s: float) -> UploadFacts:
    """Write an upload of which nothing is here yet."""
    values = {
        "upload_id": new.upload_id,
        "account_id": new.account_id,
        "key_id": new.key_id,
        "name": storable(new.name),
        "metadata_line": storable(new.metadata_line),
        "size_bytes": new.size_bytes,
        "keep_s": keep_s,
    }
    return UploadFacts(**connection.execute(_INSERT, values).mappings().one())


_READ = text(f"""
SELECT {_COLUMNS} FROM upload WHERE upload_id = :upload_id AND account_id = :account_id
""")  # noqa: S608
_SHARE = text(f"""
SELECT {_COLUMNS} FROM upload WHERE upload_id = ANY(:upload_ids) AND account_id = :account_id
ORDER BY upload_id FOR SHARE
""")  # noqa: S608
_PAGE = text(f"""
SELECT {_COLUMNS} FROM upload WHERE account_id = :account_id
  AND (CAST(:before AS text) IS NULL
       OR (created_at, upload_id) < (SELECT created_at, upload_id FROM upload
                                     WHERE upload_id = :before AND account_id = :account_id))
ORDER BY created_at DESC, upload_id DESC LIMIT :most
""")  # noqa: S608


def read_upload(connection: Connection, account_id: str, upload_id: str) -> UploadFacts | None:
    """Return an upload of the account, or None."""
    row = connection.execute(_READ, {"upload_id": upload_id, "account_id": account_id})
    found = row.mappings().one_or_none()
    return None if found is None else UploadFacts(**found)


def share_uploads(
    connection: Connection, account_id: str, upload_ids: Sequence[str]
) -> dict[str, UploadFacts]:
    """Keep uploads of the account until the transaction's end; return those that are there."""
    rows = connection.execute(_SHARE, {"upload_ids": list(upload_ids), "account_id": account_id})
    return {row["upload_id"]: UploadFacts(**row) for row in rows.mappings()}


def read_uploads(
    connection: Connection, account_id: str, most: int, before: str | None = None
) -> list[UploadFacts]:
    """Return a page of an account's uploads, the newest first."""
    values = {"account_id": account_id, "most": most, "before": before}
    return [UploadFacts(**row) for row in connection.execute(_PAGE, values).mappings()]


_ANNOUNCE = text("UPDATE upload SET n_announced = :end WHERE upload_id = :upload_id")


def announce_part(connection: Connection, upload_id: str, end: int) -> None:
    """Say up to which byte an upload's objects go, in the transaction that notes the last of them.

    From there on the object counts as stored, and what is still to come is less by it.
    """
    connection.execute(_ANNOUNCE, {"upload_id": upload_id, "end": end})


_ADVANCE = text("""
UPDATE upload SET n_bytes = n_bytes + :size_bytes,
       expires_at = clock_timestamp() + make_interval(secs => :keep_s)
WHERE upload_id = :upload_id AND n_bytes = :start AND finished_at IS NULL
  AND n_bytes + :size_bytes <= size_bytes
RETURNING upload_id
""")
_PART = text("""
INSERT INTO upload_part (upload_id, start, key, size_bytes)
VALUES (:upload_id, :start, :key, :size_bytes)
""")


def add_part(connection: Connection, upload_id: str, part: UploadPart, keep_s: float) -> bool:
    """Append a part, whose object is shared before; False: something else is at its place."""
    values = {
        "upload_id": upload_id,
        "start": part.start,
        "size_bytes": part.size_bytes,
        "keep_s": keep_s,
    }
    if connection.execute(_ADVANCE, values).first() is None:
        return False
    connection.execute(_PART, values | {"key": part.key})
    return True


_SETTLE = text("""
UPDATE upload SET size_bytes = n_bytes WHERE upload_id = :upload_id AND finished_at IS NULL
""")


def settle_size(connection: Connection, upload_id: str) -> None:
    """Take what is here of an upload for all of it, where nobody could say how much would come."""
    connection.execute(_SETTLE, {"upload_id": upload_id})


_FINISH = text("""
UPDATE upload SET sha256 = :sha256, finished_at = clock_timestamp(),
       expires_at = clock_timestamp() + make_interval(secs => :keep_s)
WHERE upload_id = :upload_id AND n_bytes = size_bytes AND finished_at IS NULL
""")


def finish_upload(connection: Connection, upload_id: str, sha256: str, keep_s: float) -> None:
    """Say that an upload is whole; what is whole already stays as it is."""
    connection.execute(_FINISH, {"upload_id": upload_id, "sha256": sha256, "keep_s": keep_s})


_PARTS = text("""
SELECT p.start, p.key, p.size_bytes FROM upload_part p JOIN upload u USING (upload_id)
WHERE p.upload_id = :upload_id AND u.account_id = :account_id ORDER BY p.start
""")


def read_parts(connection: Connection, account_id: str, upload_id: str) -> list[UploadPart]:
    """Return the parts of an upload of the account, in their order."""
    rows = connection.execute(_PARTS, {"upload_id": upload_id, "account_id": account_id})
    return [UploadPart(**row) for row in rows.mappings()]


_USE = text("""
INSERT INTO upload_use (upload_id, job_id)
SELECT upload_id, :job_id FROM unnest(CAST(:upload_ids AS text[])) AS upload_id
ON CONFLICT DO NOTHING
""")


def use_uploads(connection: Connection, upload_ids: Sequence[str], job_id: int) -> None:
    """Let uploads, which are shared before, stay until a job is over."""
    connection.execute(_USE, {"upload_ids": list(upload_ids), "job_id": job_id})


# A job is over for its uploads once it is closed, and a while later, so that what failed can be
# tried again; at once where it says that no media are kept.
_IS_NEEDED = """
EXISTS (SELECT FROM upload_use JOIN job USING (job_id)
        WHERE upload_use.upload_id = upload.upload_id
          AND (job.closed_at IS NULL
               OR (job.keep_media_days IS DISTINCT FROM 0
                   AND job.closed_at > clock_timestamp() - make_interval(secs => :keep_s))))
"""
_IS_DUE = f"""
(expires_at < clock_timestamp()
 OR EXISTS (SELECT FROM upload_use JOIN job USING (job_id)
            WHERE upload_use.upload_id = upload.upload_id AND job.keep_media_days = 0))
AND NOT {_IS_NEEDED}
"""
_LOCK_DUE = text(f"""
SELECT upload_id FROM upload WHERE {_IS_DUE} ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
""")  # noqa: S608 (clauses of our own)
# statements of their own, begun after the locks were had: they see uses committed until then
_EXPIRE = text(f"DELETE FROM upload WHERE upload_id = ANY(:upload_ids) AND {_IS_DUE}")  # noqa: S608
_LOCK_ONE = text("""
SELECT upload_id FROM upload WHERE upload_id = :upload_id AND account_id = :account_id FOR UPDATE
""")
_LOCK_OF_ITEM = text("""
SELECT u.upload_id FROM any_item i JOIN upload u ON u.upload_id = i.facts ->> 'upload_id'
WHERE i.item_id = :item_id AND u.account_id = i.account_id FOR UPDATE OF u
""")
_DROP = text("""
DELETE FROM upload WHERE upload_id = :upload_id AND NOT EXISTS (
    SELECT FROM upload_use JOIN job USING (job_id)
    WHERE upload_use.upload_id = upload.upload_id AND job.closed_at IS NULL)
RETURNING upload_id
""")


def drop_expired(connection: Connection, keep_s: float, most: int) -> int:
    """Remove uploads that nobody went on with or used in time; return how many."""
    due = list(connection.scalars(_LOCK_DUE, {"keep_s": keep_s, "most": most}))
    if not due:
        return 0
    return connection.execute(_EXPIRE, {"upload_ids": due, "keep_s": keep_s}).rowcount


def drop_upload(connection: Connection, account_id: str, upload_id: str) -> bool | None:
    """Remove an upload of the account; False: a job that is not over names it; None: none."""
    values = {"upload_id": upload_id, "account_id": account_id}
    if connection.execute(_LOCK_ONE, values).first() is None:
        return None
    return connection.execute(_DROP, values).first() is not None


def drop_upload_of_item(connection: Connection, item_id: int) -> None:
    """Remove the upload that an item was analysed from, unless a job that is not over names it."""
    for upload_id in connection.scalars(_LOCK_OF_ITEM, {"item_id": item_id}).all():
        connection.execute(_DROP, {"upload_id": upload_id})
