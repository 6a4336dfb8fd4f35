"""What the terminal shows: consoles, the timeline of a report, the tables of jobs and items."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.vocabulary import VerdictKind
from reports.document import ReportDocument, summary_sentence
from reports.findings import SegmentRow
from reports.quantities import clock
from reports.scale import Side, cell_colour, weigh

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

CELLS_A_LINE = 60
MAX_LINES = 20  # a longer sound gets wider cells: each shows the lowest LLR in it
_SIGNS = {Side.SPOOF: "▼", Side.NEITHER: "·", Side.BONAFIDE: "▲"}
_NO_SCORE = "░"

VERDICT_STYLES: Mapping[str, str] = {
    VerdictKind.NO_EVIDENCE: "blue",
    VerdictKind.SYNTHETIC: "bold dark_orange3",
    VerdictKind.PARTLY_SYNTHETIC: "bold dark_orange3",
    VerdictKind.INCONCLUSIVE: "yellow",
    VerdictKind.NOT_APPLICABLE: "dim",
    "failed": "bold red",
}


def print_json(value: object) -> None:
    """Print one JSON document on one line, for programs."""
    print(json.dumps(value, ensure_ascii=False, default=_as_text))  # noqa: T201 - a program reads this


def _as_text(value: object) -> str:
    """Return what JSON has no form for: times as ISO 8601, anything else as it prints."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def visible(text: str) -> str:
    """Return outside text on one line, its control characters escaped: a title cannot move the cursor."""
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)


def print_report(document: ReportDocument) -> None:
    """Print what a report says: title, sentence, timeline."""
    console.print(Text(visible(document.item.title), style="bold"))
    console.print(summary_sentence(document), markup=False)
    for sentence in document.summary.not_examined:
        console.print(Text(f"  {sentence}", style="dim"))
    rows = document.findings.segments
    verdict = document.findings.verdict
    for track, channel in sorted({(row.track, row.channel) for row in rows}):
        own = [row for row in rows if (row.track, row.channel) == (track, channel)]
        if len({(row.track, row.channel) for row in rows}) > 1:
            console.print(Text(f"  track {track + 1}, channel {channel + 1}", style="dim"))
        for line in timeline(own, verdict.llr_limit if verdict else 0.0):
            console.print(line)
    if rows:
        legend = (
            "  ▼ supports synthetic   · even   ▲ supports a person speaking   ░ nothing to score"
        )
        console.print(Text(legend, style="dim"))
    console.print()


def timeline(rows: Sequence[SegmentRow], llr_limit: float) -> Iterable[Text]:
    """Yield lines of cells for one channel's segments, each line with the time that it starts at."""
    n_each = -(-len(rows) // (CELLS_A_LINE * MAX_LINES))
    cells = [rows[first : first + n_each] for first in range(0, len(rows), n_each)]
    for first in range(0, len(cells), CELLS_A_LINE):
        line = Text(f"  {clock(cells[first][0].start_s):>9}  ")
        for cell in cells[first : first + CELLS_A_LINE]:
            scored = [row.llr for row in cell if row.llr is not None]
            llr = min(scored, default=None)
            sign = _NO_SCORE if llr is None else _SIGNS[weigh(llr, llr_limit).side]
            line.append(sign, style=cell_colour(llr, llr_limit))
        yield line


def verdict_text(kind: str, reason: str = "") -> Text:
    """Return a verdict as people read it in a table."""
    words = kind.replace("_", " ") + (f" ({reason.replace('_', ' ')})" if reason else "")
    return Text(words, style=VERDICT_STYLES.get(kind, ""))


def number(value: float | None, decimals: int = 1) -> str:
    """Return a number for a table, a dash where there is none."""
    return "–" if value is None else f"{value:.{decimals}f}"


def table(*columns: str) -> Table:
    """Return an empty table in our style; a column that starts with `>` is aligned right."""
    made = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column[0] == ">" else "left")
    return made
