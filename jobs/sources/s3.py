"""S3 as a source: list a prefix page by page, fetch the very object that was listed.

An operator's connection: it goes to the configured endpoint, not through the egress guard. The
ETag that the listing saw is asked for at fetch (`If-Match`) and compared in the answer as well,
since small servers ignore the header (nanio 0.1.7 does). boto3 checks the checksum of an answer
that is whole; one that was put together from several is checked here.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import quote, unquote

import boto3
import botocore
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
)

from jobs.archive_names import is_archive, is_openable
from jobs.sources.access import S3Access, SourceAccess
from jobs.sources.filters import Candidate
from jobs.sources.items import (
    Fetchable,
    Fetched,
    Listed,
    NewItem,
    OnProgress,
    OnSkipped,
    clean_text,
    source_key,
)
from jobs.sources.s3_checksum import damage_of
from jobs.sources.s3_errors import BROKEN, to_named_error
from jobs.sources.s3_events import ObjectEvent
from jobs.sources.s3_session import open_client
from jobs.sources.sink import READ_BYTES, MediaSink, empty_medium, replaced_medium
from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Custody

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef, ObjectTypeDef

SCHEME = "s3://"
PAGE_KEYS = 1000  # S3's own maximum
RESUME_WAIT_S = 0.2  # before a broken download goes on; grows with each break


class _Payer(TypedDict, total=False):
    """Who pays for a request."""

    RequestPayer: Literal["requester"]


class _Pins(_Payer, total=False):
    """What a request for an object is tied to."""

    IfMatch: str
    VersionId: str
    Range: str


def list_prefix(
    source: str, access: SourceAccess, on_skipped: OnSkipped, cursor: str = ""
) -> Iterator[Listed]:
    """Yield the objects under `s3://bucket/prefix`, or the one object of exactly that key.

    Folder markers and archives are skipped and named; empty objects are items that fail.

    Args:
        source: `s3://bucket/prefix`.
        access: how S3 is reached.
        on_skipped: told what is not listed, and why.
        cursor: the last key that a listing before saw; it goes on behind it.

    Raises:
        SourceNotFoundError: there is no such bucket, or nothing under the prefix.
        AccessError: the bucket may not be listed with these credentials.
        ObjectStoreError: S3 did not answer.
    """
    bucket, prefix = parse_s3_uri(source)
    is_key = bool(prefix) and not prefix.endswith("/")
    if is_key and cursor == prefix:
        return
    n_listed = n_seen = 0
    with closing(open_client(access.s3)) as client:
        for entry in _pages(client, access.s3, source, cursor):
            key = entry["Key"]
            n_seen += 1
            if key.endswith("/"):
                on_skipped(key, "folder_marker")
            elif is_archive(key) and not (access.options.open_archives and is_openable(key)):
                on_skipped(key, "archive")
            else:
                n_listed += 1
                yield Listed(_to_item(bucket, entry, source), key, _about(entry, prefix))
            if is_key and key == prefix:
                return  # one object was named, not those whose keys begin with its key
    if not n_listed and not cursor:
        what = "only folder markers and archives" if n_seen else "nothing"
        raise SourceNotFoundError(
            f"There is {what} under {clean_text(source)}: check bucket and prefix.", "source_empty"
        )


def fetch_object(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> Fetched:
    """Stream an object to disk; a broken connection goes on where it broke.

    Raises:
        SourceNotFoundError: the object is gone.
        InputError: it is not the object that was listed (`source_replaced`), or it lies in an
            archive class (`object_archived`).
        AccessError: these credentials may not read it.
        LimitExceededError: it is larger, or takes longer, than is allowed.
        MediaCorruptError: it is empty.
        ObjectStoreError: S3 did not answer.
    """
    if "key" in item.facts:
        bucket, key = item.facts["bucket"], unquote(item.facts["key"])
    else:
        bucket, key = parse_s3_uri(item.source_uri)
    shown = f"s3://{bucket}/{clean_text(key)}"
    pins: _Pins = {}
    if etag := item.facts.get("etag"):
        pins["IfMatch"] = etag
    if version_id := item.facts.get("version_id"):
        pins["VersionId"] = version_id
    if access.s3.requester_pays:
        pins["RequestPayer"] = "requester"
    with (
        closing(open_client(access.s3)) as client,
        MediaSink(folder, access.limits, on_progress) as sink,
    ):
        download = _Download(client, bucket, key, pins, shown)
        answer = download.run(sink, access.limits.n_resumes)
        return sink.finish(_custody(answer, key, item))


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key or prefix of `s3://bucket/prefix`.

    Raises:
        InputError: it has no bucket.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not bucket:
        raise InputError(
            f"{clean_text(uri)!r} names no bucket: write s3://bucket/prefix.", "source_malformed"
        )
    return bucket, key


class _Download:
    """One object's way to disk over as many connections as it takes."""

    def __init__(self, client: "S3Client", bucket: str, key: str, pins: _Pins, shown: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._pins = pins
        self._shown = shown

    def run(self, sink: MediaSink, n_resumes: int) -> "GetObjectOutputTypeDef":
        """Fill the sink and return the answer that the last bytes came with."""
        n_breaks = 0
        while True:
            before = sink.size_bytes
            try:
                answer = self._get(sink)
            except BROKEN as error:
                n_breaks = 1 if sink.size_bytes > before else n_breaks + 1
                if n_breaks > n_resumes:
                    raise to_named_error(error, self._shown) from error
                if isinstance(error, FlexibleChecksumError):
                    sink.restart()  # which of the bytes are wrong is not known
            except (BotoCoreError, ClientError) as error:
                raise to_named_error(error, self._shown) from error
            else:
                return answer
            time.sleep(RESUME_WAIT_S * 2**n_breaks)
            sink.check_time()

    def _get(self, sink: MediaSink) -> "GetObjectOutputTypeDef":
        pins = self._pins.copy()
        if sink.size_bytes:
            pins["Range"] = f"bytes={sink.size_bytes}-"
        answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **pins)
        with closing(answer["Body"]) as body:
            etag = answer.get("ETag", "")
            if self._pins.get("IfMatch", etag) != etag:
                raise replaced_medium(self._shown)
            self._pins["IfMatch"] = etag  # from here on it is this one, also without a listing
            size_bytes = sink.size_bytes + answer["ContentLength"]
            if not size_bytes:
                raise empty_medium()
            sink.expect(size_bytes)
            while chunk := body.read(READ_BYTES):
                sink.write(chunk)
        if sink.size_bytes != size_bytes:
            raise IncompleteReadError(actual_bytes=sink.size_bytes, expected_bytes=size_bytes)
        # the checksum of a part's answer is the part's, or the whole object's: ask for the latter
        if "Range" in pins:
            self._check_whole(sink)
        return answer

    def _check_whole(self, sink: MediaSink) -> None:
        """Raise `FlexibleChecksumError` where the parts do not make the object."""
        facts = self._client.head_object(
            Bucket=self._bucket, Key=self._key, ChecksumMode="ENABLED", **self._pins
        )
        sink.flush()
        if why := damage_of(sink.path, facts):
            raise FlexibleChecksumError(error_msg=why)


def _pages(
    client: "S3Client", access: S3Access, source: str, cursor: str
) -> "Iterator[ObjectTypeDef]":
    bucket, prefix = parse_s3_uri(source)
    payer: _Payer = {"RequestPayer": "requester"} if access.requester_pays else {}
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket,
        Prefix=prefix,
        StartAfter=cursor,
        PaginationConfig={"PageSize": PAGE_KEYS},
        **payer,
    )
    try:
        for page in pages:
            yield from page.get("Contents", ())
    except (BotoCoreError, ClientError) as error:
        raise to_named_error(error, clean_text(source)) from error


def event_item(event: ObjectEvent) -> Listed:
    """Return the item of an object that a notification told of; what it pins is asked for."""
    facts = {
        "via": "s3",
        "bucket": event.bucket,
        "key": quote(event.key),
        "etag": event.etag,
        "version_id": event.version_id,
        "size_bytes": "" if event.size_bytes is None else f"{event.size_bytes}",
    }
    uri, title = event.uri, clean_text(event.key.rsplit("/", 1)[-1])
    key = source_key(uri, "s3", uri, event.version_id or event.etag)
    pinned = {name: value for name, value in facts.items() if value}
    item = NewItem(clean_text(uri, 4096), title, key, pinned)
    return Listed(item, about=Candidate(event.key, event.size_bytes))


def _about(entry: "ObjectTypeDef", prefix: str) -> Candidate:
    below = prefix[: prefix.rfind("/") + 1]
    name = entry["Key"].removeprefix(below)
    return Candidate(name, entry.get("Size"), entry.get("LastModified"))


def _to_item(bucket: str, entry: "ObjectTypeDef", source: str) -> NewItem:
    key, etag = entry["Key"], entry.get("ETag", "")
    uri = f"{SCHEME}{bucket}/{key}"
    facts = {
        "via": "s3",
        "bucket": bucket,
        "key": quote(key),  # keys hold newlines and bytes that no text column takes
        "etag": etag,
        "size_bytes": str(entry.get("Size", 0)),
        "storage_class": entry.get("StorageClass", ""),
    }
    title = clean_text(key.rsplit("/", 1)[-1])
    return NewItem(clean_text(uri, 4096), title, source_key(source, "s3", uri, etag), facts)


def _custody(answer: "GetObjectOutputTypeDef", key: str, item: Fetchable) -> Custody:
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    facts = {
        "command": f"GetObject {clean_text(item.source_uri.partition('?')[0])}",
        "http_status": str(status),
        "content_type": answer.get("ContentType", ""),
        "etag": answer.get("ETag", ""),
        "storage_class": str(answer.get("StorageClass", "") or item.facts.get("storage_class", "")),
    }
    if modified := answer.get("LastModified"):
        facts["last_modified"] = modified.isoformat()
    if version_id := answer.get("VersionId"):
        facts["version_id"] = version_id
    return Custody(
        acquired_at=datetime.now(UTC),
        acquired_by=f"boto3 {boto3.__version__} (botocore {botocore.__version__})",
        source_version=answer.get("VersionId", "") or answer.get("ETag", ""),
        original_name=clean_text(key.rsplit("/", 1)[-1]),
        facts={name: clean_text(value) for name, value in facts.items() if value},
    )
