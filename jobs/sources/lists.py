"""Lists as a source: .txt with a source a line, .csv and .json with url, name, labels, priority.

A .json list may also hold notifications of a bucket. Every entry passes the same gate as a
submitted source. A local list comes from an operator, and may name local paths, which are taken
from the list's own folder; one on the web comes from a stranger, and names the web only. One bad
entry is one failed item.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import urlsplit

from jobs.sources.access import SourceAccess
from jobs.sources.items import EMPTY_CODE, Listed, clean_text, failed_item
from jobs.sources.links import download_text
from jobs.sources.list_formats import COLUMNS, Row, read_rows
from jobs.sources.names import SourceForm, check_source, check_web_entry, local_path
from jobs.sources.s3 import event_item
from jobs.spec import Priority
from pipeline.errors import (
    InputError,
    LimitExceededError,
    OutageError,
    SourceNotFoundError,
    VerityError,
)

__all__ = ["COLUMNS", "list_entries", "list_web_entries"]

MAX_LIST_BYTES = 64 << 20  # a million lines; read as text at once

ListEntry: TypeAlias = Callable[[str], Iterator[Listed]]  # lists a source that passed the gate
Gate: TypeAlias = Callable[[str], str]  # an entry -> the source that it is


def list_entries(source: str, list_source: ListEntry, cursor: str = "") -> Iterator[Listed]:
    """Yield the items of all entries of a local list, in its order.

    Args:
        source: a local path with the ending of a list.
        list_source: how an entry is listed.
        cursor: of the last item that was stored; entries before its own are not listed again.

    Raises:
        SourceNotFoundError: there is no such list, or no entry in it.
        InputError: it is no list.
        OutageError: an entry's service did not answer; raised after all the others are listed.
    """
    path = local_path(source).expanduser().resolve()

    def gate(entry: str) -> str:
        if check_source(entry, allow_local=True) is not SourceForm.LOCAL:
            return entry
        return str(path.parent / local_path(entry).expanduser())

    rows = read_rows(_read(path), path.suffix.lower())
    yield from _Walk(path.name, gate, list_source).items(rows, cursor)


def list_web_entries(
    source: str, access: SourceAccess, list_source: ListEntry, cursor: str = ""
) -> Iterator[Listed]:
    """Yield the items of all entries of a list on the web.

    Raises:
        VerityError: as `list_entries`; also where the list cannot be had.
    """
    name = PurePosixPath(urlsplit(source).path)
    with tempfile.TemporaryDirectory(prefix="verity-list-") as scratch:
        path = Path(scratch) / "list"
        download_text(source, path, access, MAX_LIST_BYTES)
        text = _read(path)

    def gate(entry: str) -> str:
        check_web_entry(entry)
        return entry

    rows = read_rows(text, name.suffix.lower())
    yield from _Walk(name.name, gate, list_source).items(rows, cursor)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk through a list's rows."""

    name: str
    gate: Gate
    list_source: ListEntry

    def items(self, rows: Iterator[Row], cursor: str) -> Iterator[Listed]:
        """Yield the items of all rows from the cursor's on."""
        outage: OutageError | None = None
        first = int(cursor) if cursor.isdecimal() else 0
        n_rows, place = 0, cursor
        for row in rows:
            n_rows += 1
            if row.number < first:
                continue
            if outage is None:
                place = f"{row.number}"  # all rows before this one are listed
            try:
                for listed in self._items_of(row):
                    yield replace(listed, cursor=place)
            except OutageError as error:
                outage = outage or error
            except VerityError as error:
                failed = Listed(failed_item(row.url, row.url, error), place)
                yield _named(failed, row, row.url)
        if outage:
            raise outage
        if not n_rows:
            raise SourceNotFoundError(f"The list {clean_text(self.name)} is empty.", EMPTY_CODE)

    def _items_of(self, row: Row) -> Iterator[Listed]:
        if row.error:
            raise row.error
        if row.priority and row.priority.upper() not in Priority.__members__:
            names = ", ".join(name.lower() for name in Priority.__members__)
            raise InputError(
                f"Line {row.number}: the priority {clean_text(row.priority, 50)!r} is none of"
                f" {names}.",
                "list_malformed",
            )
        entry = self.gate(row.url)
        if row.event:
            yield _named(event_item(row.event), row, entry)
            return
        for listed in self.list_source(entry):
            yield _named(listed, row, entry)


def _named(listed: Listed, row: Row, entry: str) -> Listed:
    item = listed.item
    facts = item.facts | {
        name: clean_text(value)
        for name, value in (("labels", row.labels), ("priority", row.priority.lower()))
        if value
    }
    is_one = item.source_uri in (row.url, Path(entry).absolute().as_uri())
    title = item.title
    if row.name:
        title = clean_text(row.name if is_one else f"{row.name}: {item.title}")
    return replace(listed, item=replace(item, title=title, facts=facts))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise LimitExceededError(
                f"The list {clean_text(path.name)} is over {MAX_LIST_BYTES >> 20} MiB: split it.",
                "list_too_long",
            )
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"There is no list {clean_text(path.name)}.") from error
    except OSError as error:
        raise InputError(f"The list {clean_text(path.name)} cannot be read.") from error
