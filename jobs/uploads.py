"""Files that people sent, as sources of jobs: `upload:ID`, named in the job itself and nowhere else.

An upload is known whole when its job is submitted, so it becomes an item there and then; nothing is
listed. Its parts are read by whoever fetches the item, within the account of the claim.
"""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from jobs.archive_names import is_archive, is_openable
from jobs.source_options import SourceOptions
from pipeline.errors import InputError, MediaUnsupportedError, SourceNotFoundError
from storage import upload_rows
from storage.database import transaction
from storage.item_rows import NewItemFacts
from storage.states import ItemKind
from storage.upload_rows import UploadFacts

SCHEME = "upload:"
ARCHIVE_CODE = "media_is_archive"
UPLOAD_KEEP_S = (
    24 * 3600.0
)  # since the last byte, the end, or the end of the last job that named it
UPLOADS_A_TURN = 500  # removed in one transaction
_ID = re.compile(r"[0-9a-f]{32}")


def upload_source(upload_id: str) -> str:
    """Return how a job names an upload."""
    return SCHEME + upload_id


def is_upload(source: str) -> bool:
    """Tell whether a source has the form of an upload's name."""
    return source.startswith(SCHEME)


def upload_id_of(source: str) -> str:
    """Return the id that a source names, or "" where it has not the form of one."""
    upload_id = source.removeprefix(SCHEME)
    return upload_id if is_upload(source) and _ID.fullmatch(upload_id) else ""


def upload_items(
    connection: Connection, account_id: str, sources: Sequence[str], options: SourceOptions
) -> list[NewItemFacts]:
    """Return the items of the uploads among a job's sources, kept until the transaction's end.

    An archive is listed where the job asks for that, and its members are the items; otherwise it is
    an item that fails, and says why.

    Raises:
        SourceNotFoundError: there is no such upload, or it is another account's.
        InputError: an upload is not whole (`upload_unfinished`).
    """
    wanted = {source: upload_id_of(source) for source in sources if is_upload(source)}
    if not wanted:
        return []
    found = upload_rows.share_uploads(connection, account_id, [it for it in wanted.values() if it])
    items = []
    for source, upload_id in wanted.items():
        if upload_id not in found:
            raise no_upload(upload_id)
        items.append(_to_item(source, found[upload_id], options))
    return items


def whole_upload(connection: Connection, account_id: str, source: str) -> dict[str, str]:
    """Return what the fetch of an upload needs, which is kept until the transaction's end.

    Raises:
        SourceNotFoundError, InputError: see `upload_items`.
    """
    upload_id = upload_id_of(source)
    found = upload_rows.share_uploads(connection, account_id, [upload_id]).get(upload_id)
    if found is None:
        raise no_upload(upload_id)
    _require_whole(found)
    return facts_of(found)


def expire_uploads(engine: Engine) -> int:
    """Remove uploads that nobody went on with or used in time; return how many.

    Their objects follow with the orphan sweep.

    Raises:
        DatabaseError: the database does not answer.
    """
    n_removed = 0
    while True:
        with transaction(engine) as connection:
            n_more = upload_rows.drop_expired(connection, UPLOAD_KEEP_S, UPLOADS_A_TURN)
        n_removed += n_more
        if n_more < UPLOADS_A_TURN:
            return n_removed


def no_upload(upload_id: str) -> SourceNotFoundError:
    """Return the error of an upload that is not there, or not the asking account's."""
    return SourceNotFoundError(
        f"There is no upload {upload_id[:40]}: it expired, was removed, or never was. Send the file"
        " again.",
        "upload_not_found",
    )


def unlisted_upload() -> InputError:
    """Return the error of an upload that is named where none can be."""
    return InputError(
        "An upload is named in a job itself (POST /v1/jobs), not in a list, a sweep or a scan.",
        "upload_misplaced",
    )


def facts_of(upload: UploadFacts) -> dict[str, str]:
    """Return what the fetch of a whole upload needs, and its custody tells."""
    assert upload.sha256 is not None, "it is whole"
    assert upload.finished_at is not None, "it is whole"
    return {
        "via": "upload",
        "upload_id": upload.upload_id,
        "sha256": upload.sha256,
        "size_bytes": str(upload.size_bytes),
        "name": upload.name,
        "uploaded_at": upload.finished_at.isoformat(),
    }


def _to_item(source: str, upload: UploadFacts, options: SourceOptions) -> NewItemFacts:
    _require_whole(upload)
    facts = facts_of(upload)
    if is_openable(upload.name) and options.open_archives:
        told = {"upload_id": upload.upload_id} | options.to_facts()
        return NewItemFacts(ItemKind.LIST, source, upload.name, f"list:{source}", told)
    if is_archive(upload.name):
        facts |= {
            "error": MediaUnsupportedError.__name__,
            "error_code": ARCHIVE_CODE,
            "error_message": "This file is an archive: unpack it, or ask for archives to be opened.",
        }
    return NewItemFacts(ItemKind.MEDIA, source, upload.name, f"media:{source}", facts)


def _require_whole(upload: UploadFacts) -> None:
    if upload.sha256 is None or upload.finished_at is None:
        raise InputError(
            f"The upload {upload.upload_id} has {upload.n_bytes} of {upload.size_bytes} bytes: send"
            " the rest, then submit.",
            "upload_unfinished",
        )
