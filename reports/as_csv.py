"""ReportDocument -> CSV: one row per segment, numbers as numbers, text that no sheet executes."""

import csv
import io

from reports.canonical_json import whole_numbers
from reports.document import ReportDocument
from reports.findings import SegmentRow
from reports.scale import weigh

COLUMNS = (
    "report_id",
    "title",
    "index",
    "start_s",
    "end_s",
    "track",
    "channel",
    "variant",
    "voiced_share",
    "removed_share",
    "quality",
    "cm_score",
    "llr",
    "supports",
    "reason",
)
TITLE_CHARS = 120  # stands in every row, so that rows of several reports can be put together
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(document: ReportDocument) -> bytes:
    """Return the segments as RFC 4180 CSV in UTF-8; empty cells where there is no number.

    `llr` = ln P(E | bona fide) / P(E | spoof); `supports` names the side: bonafide, spoof, neither.
    """
    verdict = document.findings.verdict
    limit = 0.0 if verdict is None else verdict.llr_limit
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    named = (quoted(document.issue.report_id), quoted(document.item.title[:TITLE_CHARS]))
    for row in document.findings.segments:
        writer.writerow((*named, *_cells(row, limit)))
    return text.getvalue().encode()


def quoted(text: str) -> str:
    """Return text that a spreadsheet shows instead of executing: a leading `'` before = + - @.

    Whatever blanks stand before them: some sheets take no-break spaces and the like away.
    """
    begins = (text.lstrip(" "), text.lstrip())
    return f"'{text}" if any(one.startswith(_STARTS_FORMULA) for one in begins) else text


def _cells(row: SegmentRow, llr_limit: float) -> tuple[object, ...]:
    return (
        row.index,
        whole_numbers(row.start_s),
        whole_numbers(row.end_s),
        row.track,
        row.channel,
        row.variant.value,
        row.voiced_share,
        row.removed_share,
        quoted(" ".join(row.quality)),
        row.cm_score,
        row.llr,
        "" if row.llr is None else weigh(row.llr, llr_limit).side.value,
        row.reason.value,
    )
