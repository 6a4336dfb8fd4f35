"""Notifications of a bucket as a source of single items: what was put, version by version.

Read as they are delivered: S3's own form, which MinIO and Ceph write too, also inside an SQS, SNS
or Lambda envelope; and EventBridge's. Deletions, restores and test messages name no new medium.
Source of the forms: the S3 user guide, "Event message structure" and "EventBridge event message
structure".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

from pipeline.errors import InputError

N_ENVELOPES = 4  # S3 in SNS in SQS is three
_PUT = ("ObjectCreated:", "s3:ObjectCreated:")
_EVENTBRIDGE_PUT = "Object Created"

Parsed: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """An object that was put."""

    bucket: str
    key: str
    size_bytes: int | None = None
    etag: str = ""  # with quotes, as S3 answers
    version_id: str = ""

    @property
    def uri(self) -> str:
        """Return it as a source names it."""
        return f"s3://{self.bucket}/{self.key}"


def events_of(message: Parsed) -> list[ObjectEvent] | None:
    """Return the objects that a message tells of, or None where it is no notification.

    Raises:
        InputError: it is one, but not of the known form.
    """
    try:
        found = _opened(message, N_ENVELOPES)
        return None if found is None else list(found)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"A notification of a bucket lacks what names its object ({type(error).__name__}).",
            "event_malformed",
        ) from error


def _opened(message: Parsed, n_envelopes: int) -> Iterator[ObjectEvent] | None:
    if not isinstance(message, Mapping) or not n_envelopes:
        return None
    if message.get("Event") == "s3:TestEvent":
        return iter(())
    if isinstance(message.get("Records"), list):
        return _of_records(message["Records"], n_envelopes)
    if "detail-type" in message and isinstance(message.get("detail"), Mapping):
        return _of_eventbridge(message)
    for name in ("Body", "body", "Message"):
        if isinstance(text := message.get(name), str) and text.lstrip().startswith("{"):
            return _opened(json.loads(text), n_envelopes - 1)
    return None


def _of_records(records: list[Parsed], n_envelopes: int) -> Iterator[ObjectEvent]:
    for record in records:
        if "s3" in record:
            if str(record["eventName"]).startswith(_PUT):
                yield _of_record(record["s3"])
            continue
        inner = record.get("Sns", record)  # Lambda's envelopes of SNS and SQS
        yield from _opened(inner, n_envelopes - 1) or ()


def _of_record(said: Parsed) -> ObjectEvent:
    put = said["object"]
    size = put.get("size")
    etag = str(put.get("eTag", ""))
    return ObjectEvent(
        bucket=str(said["bucket"]["name"]),
        key=unquote_plus(put["key"]),  # a space is a plus sign there
        size_bytes=None if size is None else int(size),
        etag=f'"{etag}"' if etag else "",
        version_id=_version(put.get("versionId")),
    )


def _of_eventbridge(message: Parsed) -> Iterator[ObjectEvent]:
    if message["detail-type"] != _EVENTBRIDGE_PUT:
        return
    said = message["detail"]
    put = said["object"]
    size, etag = put.get("size"), str(put.get("etag", ""))
    yield ObjectEvent(
        bucket=str(said["bucket"]["name"]),
        key=str(put["key"]),  # as it is: EventBridge does not encode it
        size_bytes=None if size is None else int(size),
        etag=f'"{etag}"' if etag else "",
        version_id=_version(put.get("version-id")),
    )


def _version(value: Parsed) -> str:
    return "" if value in (None, "null") else str(value)  # "null": a bucket without versions
