"""A file that somebody sent, as a source: its parts are put together in the item's own folder."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jobs.archive_names import is_openable
from jobs.sources.access import SourceAccess
from jobs.sources.items import Fetchable, Fetched, Listed, NewItem, OnProgress, clean_text
from jobs.sources.sink import MediaSink
from jobs.uploads import facts_of, no_upload, unlisted_upload, upload_id_of
from pipeline.errors import MediaCorruptError
from pipeline.vocabulary import Custody


def list_upload(source: str, access: SourceAccess) -> Iterator[Listed]:
    """Yield an upload of the claim's account, whose members its job asked for.

    Raises:
        SourceNotFoundError: it is gone, or another account's (`upload_not_found`).
        InputError: this process reads no uploads, or it is named where none can be.
    """
    upload_id = upload_id_of(source)
    if access.uploads is None or not access.account_id or not access.options.open_archives:
        raise unlisted_upload()
    upload = access.uploads.find(access.account_id, upload_id)
    if upload is None or not is_openable(upload.name):
        raise no_upload(upload_id)
    yield Listed(NewItem(source, upload.name, source, facts_of(upload)), "")


def fetch_upload(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> Fetched:
    """Write an upload of the claim's account to disk.

    Raises:
        SourceNotFoundError: it is gone, or another account's (`upload_not_found`).
        MediaCorruptError: it has no byte, or others than were sent (`hash_differs`).
        InputError: this process reads no uploads.
        LimitExceededError, FetchFailedError: see `MediaSink`.
    """
    upload_id = upload_id_of(item.source_uri)
    if access.uploads is None or not access.account_id:
        raise unlisted_upload()
    size_bytes = int(item.facts.get("size_bytes", "0"))
    with MediaSink(folder, access.limits, on_progress) as sink:
        sink.expect(size_bytes)
        for part in access.uploads.read(access.account_id, upload_id):
            sink.write(part)
        if sink.size_bytes == 0 < size_bytes:
            raise no_upload(upload_id)
        fetched = sink.finish(_custody(item))
        if fetched.sha256 != item.facts.get("sha256"):
            raise MediaCorruptError(
                f"{clean_text(item.title)} is not what was sent: its SHA-256 is {fetched.sha256}."
                " Send it again.",
                "hash_differs",
            )
    return fetched


def _custody(item: Fetchable) -> Custody:
    told = {"uploaded_at": item.facts.get("uploaded_at", "")}
    return Custody(
        acquired_at=datetime.now(UTC),
        acquired_by="verity, sent by its account",
        source_version=item.facts.get("sha256", ""),
        original_name=clean_text(item.facts.get("name", "")),
        facts={name: fact for name, fact in told.items() if fact},
    )
