import csv
import io

import pytest

from reports.as_csv import COLUMNS, to_csv
from reports.document import to_document
from tests.unit.reports.report_maker import CARD, CONTEXT, failed_report, spliced_report


def rows_of(title: str = "A title") -> list[dict[str, str]]:
    text = to_csv(to_document(spliced_report(title), CARD, CONTEXT)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_there_is_one_row_for_every_segment_under_one_header() -> None:
    rows = rows_of()
    assert len(rows) == 60
    assert tuple(rows[0]) == COLUMNS


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "=1+1 @"])
def test_a_title_that_a_sheet_would_execute_is_quoted(start: str) -> None:
    title = rows_of(f"{start}HYPERLINK(1)")[0]["title"]
    assert title.startswith("'")
    assert title.endswith("HYPERLINK(1)")


def test_negative_numbers_stay_numbers() -> None:
    row = rows_of()[13]
    assert float(row["llr"]) < 0
    assert float(row["cm_score"]) < 0


def test_segments_without_a_score_have_empty_cells_and_a_reason() -> None:
    row = rows_of()[0]
    assert (row["llr"], row["cm_score"], row["supports"], row["reason"]) == ("", "", "", "silence")


def test_a_title_with_quotes_commas_and_line_breaks_stays_one_cell() -> None:
    rows = rows_of('He said: "no",\nthen left')
    assert len(rows) == 60
    assert rows[0]["title"] == 'He said: "no",\nthen left'


def test_a_failed_item_has_the_header_alone() -> None:
    text = to_csv(to_document(failed_report(), CARD, CONTEXT)).decode()
    assert text == ",".join(COLUMNS) + "\r\n"
