"""What listing finds and fetching brings: the values that travel between origins and the queue."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pipeline.vocabulary import Custody

MAX_TITLE_LENGTH = 500  # characters; a title is shown, never used
MAX_FACT_LENGTH = 1_000  # characters; custody facts are shown in reports
MEDIA_FILE_NAME = "media.bin"  # the only name that a fetched file ever has on disk

OnProgress: TypeAlias = Callable[[int, int | None], None]  # (bytes so far, bytes in all if known)
OnSkipped: TypeAlias = Callable[[str, str], None]  # (name, why in one word)


@dataclass(frozen=True, slots=True)
class NewItem:
    """One medium that a source holds, as its listing tells it."""

    source_uri: str  # where it is, as shown to people
    title: str  # as the source names it: untrusted text, at most MAX_TITLE_LENGTH
    source_key: str  # stable identity, 64 hex digits: the same medium listed twice has the same
    origin: Mapping[str, str] = field(default_factory=dict)  # what fetching needs: via, etag, ...
    labels: tuple[str, ...] = ()  # from a list's column
    priority: int | None = None  # from a list's column; None = the job's


@dataclass(frozen=True, slots=True)
class Fetched:
    """A medium on this node's disk: one file in a private folder, under our own name."""

    path: Path
    sha256: str
    size_bytes: int
    custody: Custody


def source_key(source: str, extractor: str, identity: str, version: str = "") -> str:
    """Return the identity of a medium as 64 hex digits.

    Never made from an id of yt-dlp's alone: those collide across hosts (`generic ep1` twice:
    measured), and media would be lost in silence.

    Args:
        source: the source that was listed.
        extractor: `s3`, `folder`, `link`, or yt-dlp's name of its extractor.
        identity: the full URL, key, path or guid.
        version: ETag, version id or length, where the listing tells it.
    """
    text = json.dumps([source, extractor, identity, version])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def clean_text(text: str, limit: int = MAX_TITLE_LENGTH) -> str:
    """Return untrusted text so that any database and any encoder takes it.

    NUL and lone surrogates become U+FFFD; newlines and emoji stay: who shows it escapes it.
    """
    text = text[:limit].replace("\x00", "\ufffd")
    return "".join("\ufffd" if "\ud800" <= mark <= "\udfff" else mark for mark in text)
