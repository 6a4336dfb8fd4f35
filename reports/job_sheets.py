"""A job's tables -> CSV (the items) and XLSX (all tables), written row by row into files.

XLSX by XlsxWriter with `constant_memory`: a row is on disk before the next one is made. Every text is
written as text (`write_string`), never guessed to be a formula, a number or a link.
"""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import xlsxwriter
from sqlalchemy import Connection

from reports.job_facts import JobReport
from reports.job_tables import ITEM_COLUMNS, Row, Table, item_rows, tables_of
from reports.job_words import JobWords

MOST_ROWS = 1_048_576  # of a sheet in Excel; what is more goes to a next sheet
MOST_NAME = 31  # characters of a sheet's name in Excel
_WIDTHS = {"title": 40, "source_uri": 40, "error_message": 40, "what": 30, "value": 50}
_LINKED = "strongest"  # whose rows link to the reports beside the sheet: few enough for Excel


def write_items_csv(connection: Connection, job_id: int, path: Path) -> None:
    """Write a row for each item as RFC 4180 CSV in UTF-8."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(ITEM_COLUMNS)
        writer.writerows(item_rows(connection, job_id))


def write_workbook(
    connection: Connection,
    report: JobReport,
    said: JobWords,
    path: Path,
    most_rows: int = MOST_ROWS,
) -> None:
    """Write all tables, each on a sheet of its own, or on several where it has too many rows.

    Args:
        connection: of the snapshot that the report was gathered from.
        report: of the job.
        said: whose language names the sheets.
        path: of the file; parts lie beside it until it is whole.
        most_rows: of a sheet, the names of the columns among them.
    """
    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties(
        {"title": report.report_id, "created": report.issued_at.replace(tzinfo=None)}
    )
    book.use_zip64()  # else a sheet of more than 4 GB fails at its very end
    bold = book.add_format({"bold": True})
    for table in tables_of(connection, report):
        _write_table(book, table, said.sheets[table.key], bold, most_rows)
    book.close()


def _write_table(
    book: "xlsxwriter.Workbook", table: Table, name: str, bold: object, most_rows: int
) -> None:
    for number, rows in enumerate(_parts(table.rows, most_rows - 1), start=1):
        ending = f" {number}" if number > 1 else ""
        sheet = book.add_worksheet(name[: MOST_NAME - len(ending)] + ending)
        sheet.freeze_panes(1, 0)
        for column, key in enumerate(table.columns):
            sheet.set_column(column, column, _WIDTHS.get(key, 14))
        for column, key in enumerate(table.columns):
            sheet.write_string(0, column, key, bold)
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, str):
                    if table.key == _LINKED and table.columns[column] == "report":
                        sheet.write_url(place, column, f"external:{cell}", string=cell)
                    else:
                        sheet.write_string(place, column, cell)
                else:
                    sheet.write_number(place, column, cell)


def _parts(rows: Iterator[Row], most: int) -> Iterator[Iterator[Row]]:
    """Yield the rows in runs of at most `most`, each read to its end before the next; the first may be empty."""
    yield islice(rows, most)
    for row in rows:
        yield chain((row,), islice(rows, most - 1))
