"""Lists as a source: .txt with a source a line, .csv with the columns url, name, labels, priority.

Every entry passes the same gate as a submitted source. A list is a local file, so it comes from an
operator, and may name local paths, which are taken from the list's own folder. One bad entry is
one failed item.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from jobs.sources.items import Listed, clean_text, failed_item
from jobs.sources.names import SourceForm, check_source, local_path
from jobs.spec import Priority
from pipeline.errors import (
    InputError,
    LimitExceededError,
    OutageError,
    SourceNotFoundError,
    VerityError,
)

MAX_LIST_BYTES = 64 << 20  # a million lines; read as text at once
COLUMNS = ("url", "name", "labels", "priority")

ListEntry: TypeAlias = Callable[[str], Iterator[Listed]]  # lists a source that passed the gate


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry of a list."""

    number: int  # the line, from 1
    url: str
    name: str = ""
    labels: str = ""
    priority: str = ""


def list_entries(source: str, list_source: ListEntry) -> Iterator[Listed]:
    """Yield the items of all entries of a list, in its order.

    Args:
        source: a local path with the ending .txt or .csv.
        list_source: how an entry is listed.

    Raises:
        SourceNotFoundError: there is no such list, or no entry in it.
        InputError: it is no list.
        OutageError: an entry's service did not answer; raised after all the others are listed.
    """
    path = local_path(source).expanduser().resolve()
    outage: OutageError | None = None
    n_rows = 0
    for row in _read(path):
        n_rows += 1
        try:
            entry = _gate(row, path.parent)
            for listed in list_source(entry):
                yield _named(listed, row, entry)
        except OutageError as error:
            outage = outage or error
        except VerityError as error:
            yield _named(Listed(failed_item(row.url, row.url, error)), row, row.url)
    if outage:
        raise outage
    if not n_rows:
        raise SourceNotFoundError(f"The list {clean_text(path.name)} is empty.", "source_empty")


def _gate(row: _Row, folder: Path) -> str:
    if row.priority and row.priority.upper() not in Priority.__members__:
        names = ", ".join(name.lower() for name in Priority.__members__)
        raise InputError(
            f"Line {row.number}: the priority {clean_text(row.priority, 50)!r} is none of {names}.",
            "list_malformed",
        )
    form = check_source(row.url, allow_local=True)
    if form is not SourceForm.LOCAL:
        return row.url
    return str(folder / local_path(row.url).expanduser())


def _named(listed: Listed, row: _Row, entry: str) -> Listed:
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


def _read(path: Path) -> Iterator[_Row]:
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise LimitExceededError(
                f"The list {clean_text(path.name)} is over {MAX_LIST_BYTES >> 20} MiB: split it.",
                "list_too_long",
            )
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"There is no list {clean_text(path.name)}.") from error
    except OSError as error:
        raise InputError(f"The list {clean_text(path.name)} cannot be read.") from error
    yield from _read_table(text) if path.suffix.lower() == ".csv" else _read_lines(text)


def _read_lines(text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield _Row(number, entry)


def _read_table(text: str) -> Iterator[_Row]:
    table = csv.DictReader(text.splitlines(keepends=True), restkey="more", restval="")
    try:
        names = [(name or "").strip().lower() for name in table.fieldnames or ()]
        if "url" not in names:
            raise InputError(
                f"A .csv list begins with a line that names its columns: {','.join(COLUMNS)}."
                " Only url is needed.",
                "list_malformed",
            )
        table.fieldnames = names
        for cells in table:
            known = {name: (cells.get(name) or "").strip() for name in COLUMNS}
            if any(known.values()):
                yield _Row(table.line_num, **known)
    except csv.Error as error:
        raise InputError(
            f"The list is no CSV from line {table.line_num}: {error}.", "list_malformed"
        ) from error
