"""Read a list's text into rows: a source a line, a CSV table, JSON, or notifications of a bucket."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from jobs.sources.items import clean_text
from jobs.sources.s3_events import ObjectEvent, events_of
from pipeline.errors import InputError, VerityError

COLUMNS = ("url", "name", "labels", "priority")
_SHOWN_CHARS = 80

Parsed: TypeAlias = Any  # what `json.loads` gives


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list."""

    number: int  # the line or the element, from 1
    url: str
    name: str = ""
    labels: str = ""  # separated by ;
    priority: str = ""
    event: ObjectEvent | None = None  # the object of a notification
    error: VerityError | None = None  # the entry is none


def read_rows(text: str, suffix: str) -> Iterator[Row]:
    """Yield the rows of a list.

    Args:
        text: all of it.
        suffix: .txt, .csv, .json, .jsonl or .ndjson.

    Raises:
        InputError: it is no list (`list_malformed`).
    """
    if suffix == ".csv":
        yield from _read_table(text)
    elif suffix in {".json", ".jsonl", ".ndjson"}:
        yield from _read_json(text)
    else:
        yield from _read_lines(text)


def suffix_of_text(text: str) -> str:
    """Return the suffix of a list that came without a name: by what it begins with."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return ".json"
    first = [cell.strip().strip('"').lower() for cell in start.split("\n", 1)[0].split(",")]
    return ".csv" if "url" in first else ".txt"


def _read_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        entry = line.strip()
        if entry and not entry.startswith("#"):
            yield Row(number, entry)


def _read_table(text: str) -> Iterator[Row]:
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
                url, name, labels, priority = known.values()
                yield Row(table.line_num, url, name, labels, priority)
    except csv.Error as error:
        raise InputError(
            f"The list is no CSV from line {table.line_num}: {error}.", "list_malformed"
        ) from error


def _read_json(text: str) -> Iterator[Row]:
    """Yield the rows of an array, of one object, or of a document a line."""
    for number, element in enumerate(_elements(text), start=1):
        try:
            events = events_of(element)
        except InputError as error:
            yield Row(number, json.dumps(element)[:_SHOWN_CHARS], error=error)
            continue
        if events is None:
            yield _to_row(number, element)
        else:
            yield from (Row(number, event.uri, event=event) for event in events)


def _elements(text: str) -> Iterator[Parsed]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _documents(text)
    else:
        yield from whole if isinstance(whole, list) else (whole,)


def _documents(text: str) -> Iterator[Parsed]:
    """Yield the JSON documents of a text that has one on each line."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"The list is no JSON in line {number}: {clean_text(str(error), 200)}.",
                "list_malformed",
            ) from error


def _to_row(number: int, element: Parsed) -> Row:
    if isinstance(element, str):
        return Row(number, element.strip())
    if not isinstance(element, Mapping) or not isinstance(element.get("url"), str):
        shown = clean_text(json.dumps(element), _SHOWN_CHARS)
        error = InputError(
            f"Entry {number} of the list is neither a source nor an object with a url: {shown}",
            "list_malformed",
        )
        return Row(number, shown, error=error)
    labels = element.get("labels", "")
    return Row(
        number,
        element["url"].strip(),
        _text(element.get("name", "")),
        ";".join(map(_text, labels)) if isinstance(labels, list) else _text(labels),
        _text(element.get("priority", "")),
    )


def _text(value: Parsed) -> str:
    return "" if value is None else str(value).strip()
