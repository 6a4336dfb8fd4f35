"""A report as the pages show it: sentence, timeline of cells, spans, table; all from the document."""

from dataclasses import dataclass

from reports.document import ReportDocument
from reports.findings import SegmentRow
from reports.timeline import CURVE_WINDOW_S, Cell, timeline_of
from reports.wording import cell_words
from reports.words import Words

MOST_CELLS = 240
CELL_HIGH, LANE_GAP = 34, 22
WIDE = 960
MOST_ROWS = 2000  # of the table: longer items have their CSV


@dataclass(frozen=True, slots=True)
class CellShown:
    """One cell of the timeline: where it is drawn, and what it says to those who cannot see it."""

    x: float
    wide: float
    colour: str
    start_s: float
    said: str


@dataclass(frozen=True, slots=True)
class LaneShown:
    """One channel, heard one way."""

    y: int
    name: str
    cells: tuple[CellShown, ...]
    spans: tuple[tuple[float, float], ...]  # x, width


@dataclass(frozen=True, slots=True)
class FindingShown:
    """What `parts/finding.html` puts in."""

    document: ReportDocument
    lanes: tuple[LaneShown, ...]
    high: int
    end: str
    rows: tuple[SegmentRow, ...]
    n_rows: int
    wide: int = WIDE
    cell_high: int = CELL_HIGH


def show_finding(document: ReportDocument, words: Words) -> FindingShown:
    """Return a report as the pages show it."""
    findings = document.findings
    window_s = document.method.thresholds.span_window_s if document.method else CURVE_WINDOW_S
    timeline = timeline_of(findings, max_cells=MOST_CELLS, window_s=window_s)
    scale = WIDE / max(timeline.end_s, 1e-6)
    limit = timeline.llr_limit

    def shown(cell: Cell) -> CellShown:
        said = cell_words(cell.llr, limit, words) if cell.llr is not None else cell.reason
        return CellShown(
            round(cell.start_s * scale, 2),
            round(max((cell.end_s - cell.start_s) * scale - 0.5, 0.5), 2),
            cell.colour,
            cell.start_s,
            f"{clock(cell.start_s)} {said}",
        )

    lanes = tuple(
        LaneShown(
            number * (CELL_HIGH + LANE_GAP),
            f"{words.labels['track']} {lane.track + 1}, {words.labels['channel']} {lane.channel + 1}, "
            f"{words.labels[lane.variant.value]}",
            tuple(map(shown, lane.cells)),
            tuple(
                (round(span.start_s * scale, 2), round((span.end_s - span.start_s) * scale, 2))
                for span in lane.spans
            ),
        )
        for number, lane in enumerate(timeline.lanes)
    )
    return FindingShown(
        document,
        lanes,
        max(len(lanes) * (CELL_HIGH + LANE_GAP), 1),
        clock(timeline.end_s),
        findings.segments[:MOST_ROWS],
        len(findings.segments),
    )


def clock(seconds: float) -> str:
    """Return a time as people read it: `1:05`, `2:03:04`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
