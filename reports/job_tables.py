"""The tables of a job's report as rows: the same for CSV and XLSX, numbers as numbers, text that no sheet runs.

Rows are made one by one from a snapshot, however many items there are. Names of columns are the same
in every language, so that programs find them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from reports.as_csv import quoted
from reports.job_facts import JobReport
from reports.job_groups import AlikeGroup
from reports.job_page import outcomes, report_file
from reports.scale import weigh
from storage.job_report_rows import ItemLine, changed_lines, item_lines, same_bytes

Cell: TypeAlias = "str | int | float | None"
Row: TypeAlias = tuple[Cell, ...]

ITEM_COLUMNS = (
    "job_id",
    "item_id",
    "title",
    "source_uri",
    "state",
    "verdict",
    "reason",
    "llr",
    "lowest_llr",
    "supports",
    "marked_stretches",
    "voiced_s",
    "error_code",
    "error_message",
    "sha256",
    "size_bytes",
    "finished_at",
    "report",
)
_WIDE_FORMULA = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # full-width = + - @: some sheets run them


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a key of `JobWords.sheets`, its columns, and its rows as they are made."""

    key: str
    columns: tuple[str, ...]
    rows: Iterator[Row]


def harmless(text: str) -> str:
    """Return text that a spreadsheet shows instead of running, and that fits into one line.

    A leading `'` before = + - @ and their full-width forms; line ends and tabs become blanks.
    """
    flat = " ".join(text.split()) if any(mark in text for mark in "\t\r\n\v\f\0") else text
    flat = flat.replace("\0", "")
    return f"'{flat}" if flat.lstrip().startswith(_WIDE_FORMULA) else quoted(flat)


def tables_of(connection: Connection, report: JobReport) -> Iterator[Table]:
    """Yield every table; each one's rows are to be read before the next table is asked for.

    Args:
        connection: of the snapshot that the report was gathered from.
        report: of the job.
    """
    job_id = report.job.job_id
    yield Table("summary", ("what", "value"), _summary(report))
    yield Table("items", ITEM_COLUMNS, item_rows(connection, job_id))
    yield Table("strongest", ITEM_COLUMNS, (_item(job_id, line) for line in report.strongest))
    yield Table("failures", ("error_code", "items", "first_item_id", "title"), _failures(report))
    yield Table(
        "duplicates",
        ("sha256", "items", "size_bytes", "item_ids", "title"),
        _same_files(connection, job_id),
    )
    yield Table("near", ("group", "items", "likeness", "item_id"), _groups(report.near))
    yield Table("alike", ("group", "items", "likeness", "item_id"), _groups(report.alike))
    if report.comparison is not None:
        columns = (
            *("change", "item_id", "before_item_id", "title", "source_uri"),
            *("before", "now", "llr_before", "llr"),
        )
        rows = _changes(connection, job_id, report.comparison.before.job_id)
        yield Table("compared", columns, rows)


def item_rows(connection: Connection, job_id: int) -> Iterator[Row]:
    """Yield a row for every item of a job."""
    for line in item_lines(connection, job_id):
        yield _item(job_id, line)


def _item(job_id: int, line: ItemLine) -> Row:
    side = ""
    if line.lowest_llr is not None:
        side = weigh(line.lowest_llr, line.llr_limit or 0.0).side.value
    has_report = line.state in ("done", "failed")
    return (
        job_id,
        line.item_id,
        harmless(line.title),
        harmless(line.source_uri),
        line.state,
        line.verdict,
        line.reason,
        _rounded(line.llr),
        _rounded(line.lowest_llr),
        side,
        line.n_spans,
        _rounded(line.voiced_s),
        harmless(line.error_code),
        harmless(line.error_message),
        line.sha256,
        line.size_bytes,
        _moment(line.finished_at),
        report_file(job_id, line.item_id) if has_report else "",
    )


def _summary(report: JobReport) -> Iterator[Row]:
    job = report.job
    yield ("report_id", report.report_id)
    yield ("issued_at", _moment(report.issued_at))
    yield ("job_id", job.job_id)
    yield ("name", harmless(job.name))
    yield ("account", harmless(job.account_id))
    for source in job.sources:
        yield ("source", harmless(source))
    yield ("submitted_at", _moment(job.created_at))
    yield ("ended_at", _moment(job.closed_at))
    yield ("items", report.n_items)
    for key, n_items in outcomes(report).items():
        yield (key, n_items)
    yield ("judged", report.n_judged)
    yield ("expected_called_synthetic_if_all_are_persons", _rounded(report.expected_false))
    yield ("same_file_groups", report.same_files.n_groups)
    yield ("same_file_items", report.same_files.n_items)
    yield ("analysed_in_earlier_jobs", report.same_files.n_known_before)
    if report.trust is not None:
        yield ("likeness_pairs_of_one_system_share", report.trust.alike_right)
        yield ("likeness_strangers_share", report.trust.near_strangers)
    if report.comparison is not None:
        yield ("compared_with_job", report.comparison.before.job_id)
        for change, n_items in sorted(report.comparison.counts.items()):
            yield (f"compared_{change}", n_items)


def _failures(report: JobReport) -> Iterator[Row]:
    for row in report.tallies:
        if row.state == "failed":
            yield (harmless(row.error_code), row.n_items, row.first_item_id, harmless(row.title))


def _same_files(connection: Connection, job_id: int) -> Iterator[Row]:
    for group in same_bytes(connection, job_id):
        numbers = " ".join(map(str, group.item_ids))
        if group.n_items > len(group.item_ids):
            numbers += f" … (+{group.n_items - len(group.item_ids)})"
        yield (group.sha256, group.n_items, group.size_bytes, numbers, harmless(group.title))


def _groups(groups: tuple[AlikeGroup, ...]) -> Iterator[Row]:
    for number, group in enumerate(groups, start=1):
        for item_id in group.item_ids:
            yield (number, len(group.item_ids), round(group.likeness, 3), item_id)


def _changes(connection: Connection, job_id: int, before_id: int) -> Iterator[Row]:
    for line in changed_lines(connection, job_id, before_id):
        yield (
            *(line.change, line.item_id, line.before_id),
            *(harmless(line.title), harmless(line.source_uri), line.before, line.outcome),
            *(_rounded(line.llr_before), _rounded(line.llr)),
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _moment(at: datetime | None) -> str:
    """Return a time of UTC as text: a sheet's own times know no zone."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"
