"""What listing finds and fetching brings: the values that travel between origins and the queue."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from jobs.sources.filters import Candidate
from jobs.spec import NewItem
from pipeline.errors import (
    AccessError,
    FetchFailedError,
    InputError,
    LimitExceededError,
    MediaUnsupportedError,
    SourceNotFoundError,
    VerityError,
)
from pipeline.vocabulary import Custody

__all__ = [
    "EMPTY_CODE",
    "Fetchable",
    "Fetched",
    "Listed",
    "NewItem",
    "Passed",
    "clean_text",
    "failed_item",
    "named_error",
    "source_key",
]

EMPTY_CODE = "source_empty"  # there is nothing (yet) where a source looks
MAX_TITLE_CHARS = 500  # a title is shown, never used
MAX_FACT_CHARS = 1_000  # custody facts are shown in reports

OnProgress: TypeAlias = Callable[[int, int | None], None]  # (bytes so far, bytes in all if known)
OnSkipped: TypeAlias = Callable[[str, str], None]  # (name, why in one word)

# Errors that a listing already knows of an item; fetching raises them (`named_error`).
_ERRORS: dict[str, type[VerityError]] = {
    error.__name__: error
    for error in (
        AccessError,
        FetchFailedError,
        InputError,
        LimitExceededError,
        MediaUnsupportedError,
        SourceNotFoundError,
    )
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An item and the place in its listing."""

    item: NewItem
    cursor: str = ""  # where a listing that was cut off goes on; "" = it starts again, harmlessly
    about: Candidate | None = None  # what filters look at; None: passes


@dataclass(frozen=True, slots=True)
class Passed:
    """Sign of life of a listing that finds nothing that is wanted for a while."""

    cursor: str  # everything before it was looked at


class Fetchable(Protocol):
    """What can be fetched: a NewItem, and an ItemClaim on one."""

    @property
    def source_uri(self) -> str:
        """Where it is."""

    @property
    def title(self) -> str:
        """How the source names it."""

    @property
    def facts(self) -> dict[str, str]:
        """What its listing pinned."""


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
    text = json.dumps([source, extractor, identity, version])  # ASCII: lone surrogates are escaped
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def clean_text(text: str, limit: int = MAX_TITLE_CHARS) -> str:
    """Return untrusted text so that any database and any encoder takes it.

    NUL and lone surrogates become U+FFFD; newlines and emoji stay: who shows it escapes it.
    """
    text = text[:limit].replace("\x00", "\ufffd")
    return "".join("\ufffd" if "\ud800" <= mark <= "\udfff" else mark for mark in text)


def failed_item(source: str, title: str, error: VerityError) -> NewItem:
    """Return the item of something that a listing named but that cannot be had.

    It is an item like any other: fetching it raises the error, and its report says so.
    """
    facts = {
        "error": type(error).__name__,
        "error_code": error.code,
        "error_message": clean_text(error.message, MAX_FACT_CHARS),
    }
    shown = clean_text(source, MAX_FACT_CHARS)
    return NewItem(shown, clean_text(title), source_key(source, "failed", title), facts)


def named_error(facts: dict[str, str]) -> VerityError | None:
    """Return the error that a listing knew of an item, or None."""
    if not (name := facts.get("error")):
        return None
    kind = _ERRORS.get(name, InputError)
    return kind(facts.get("error_message", ""), facts.get("error_code", ""))
