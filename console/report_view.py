"""A report in the terminal: title, sentence, timeline of the recording as it is.

The seconds that were heard again as the separated voice stand in the files.
"""

from collections.abc import Iterable, Sequence

from rich.text import Text

from console.terminal import console, visible
from pipeline.vocabulary import Variant
from reports.document import ReportDocument, summary_sentence
from reports.findings import SegmentRow
from reports.quantities import clock
from reports.scale import Side, cell_colour, weigh

CELLS_A_LINE = 60
MAX_LINES = 20  # a longer sound gets wider cells: each shows the lowest LLR in it
_SIGNS = {Side.SPOOF: "▼", Side.NEITHER: "·", Side.BONAFIDE: "▲"}
_NO_SCORE = "░"


def print_report(document: ReportDocument) -> None:
    """Print what a report says: title, sentence, timeline; of a failed item what to do, as the PDF does."""
    console.print(Text(visible(document.item.title), style="bold"))
    if (failure := document.failure) is not None:
        console.print(visible(failure.message), markup=False)
        console.print(Text(f"  {visible(failure.code)}", style="dim"))
    else:
        console.print(summary_sentence(document), markup=False)
    for sentence in document.summary.not_examined:
        console.print(Text(f"  {sentence}", style="dim"))
    rows = [row for row in document.findings.segments if row.variant is Variant.RECORDED]
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
