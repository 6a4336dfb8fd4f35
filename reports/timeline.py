"""The timeline: findings -> lanes of cells, and the picture of them as SVG.

A lane is one channel heard one way. A cell is one second, or more where the item is long; its LLR
is the mean over its scored segments. Only our own labels and numbers enter the picture.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.vocabulary import SecondsArray, Variant
from reports.findings import Findings, SegmentRow, SpanFindings
from reports.scale import cell_colour, weigh

# cell and window lengths that a reader can think in
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1_800, 3_600)
CURVE_WINDOW_S = 5.0  # where no model card says how long its windows are
_CURVE_WINDOWS = 60  # a curve with more windows than this is a hedge, not a line


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of one lane; llr None = nothing in it was scored."""

    start_s: float
    end_s: float
    llr: float | None
    colour: str  # `#rrggbb`, by `scale.cell_colour`
    reason: str  # the most frequent reason where nothing was scored


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel, heard one way."""

    track: int
    channel: int
    variant: Variant
    cells: tuple[Cell, ...]
    curve: tuple[tuple[float, float], ...]  # (seconds, running mean of the LLR), NaN = a gap
    spans: tuple[SpanFindings, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All lanes of an item on one axis."""

    end_s: float
    cell_s: float
    window_s: float  # of the running mean
    llr_limit: float
    lanes: tuple[Lane, ...]


def timeline_of(
    findings: Findings, max_cells: int = 240, window_s: float = CURVE_WINDOW_S
) -> Timeline:
    """Return the lanes, with as many cells as fit.

    Args:
        findings: of any item; one without segments has no lanes.
        max_cells: columns of the picture or the terminal, >= 1.
        window_s: length of the running mean; longer for long items.
    """
    limit = 0.0 if findings.verdict is None else findings.verdict.llr_limit
    groups: dict[tuple[int, int, Variant], list[SegmentRow]] = {}
    for row in findings.segments:
        groups.setdefault((row.track, row.channel, row.variant), []).append(row)
    end_s = max((row.end_s for row in findings.segments), default=0.0)
    cell_s = step_of(end_s / max_cells)
    window_s = max(window_s, step_of(end_s / _CURVE_WINDOWS))
    spans = () if findings.verdict is None else findings.verdict.spans
    return Timeline(
        end_s=end_s,
        cell_s=cell_s,
        window_s=window_s,
        llr_limit=limit,
        lanes=tuple(
            Lane(
                track=track,
                channel=channel,
                variant=variant,
                cells=_cells(rows, cell_s, end_s, limit),
                curve=_curve(rows, cell_s, window_s, end_s),
                spans=tuple(
                    span
                    for span in spans
                    if (span.track, span.channel) == (track, channel)
                    and variant is Variant.RECORDED
                ),
            )
            for (track, channel, variant), rows in sorted(groups.items())
            if variant is Variant.RECORDED or any(row.llr is not None for row in rows)
        ),
    )


def step_of(least_s: float) -> float:
    """Return the smallest length that a reader can think in and that is at least `least_s`."""
    for step in _STEPS_S:
        if step >= least_s:
            return float(step)
    return math.ceil(least_s / 3_600) * 3_600.0


def _cells(
    rows: list[SegmentRow], cell_s: float, end_s: float, llr_limit: float
) -> tuple[Cell, ...]:
    n_cells = max(1, math.ceil(end_s / cell_s - 1e-6))
    sums, counts = [0.0] * n_cells, [0] * n_cells
    reasons: list[dict[str, int]] = [{} for _ in range(n_cells)]
    for row in rows:
        index = min(int(row.start_s / cell_s + 1e-6), n_cells - 1)
        if row.end_s >= end_s and not counts[n_cells - 1] and not reasons[n_cells - 1]:
            index = n_cells - 1  # the last segment reaches back to be whole: it fills the last cell
        if row.llr is None:
            reasons[index][row.reason] = reasons[index].get(row.reason, 0) + 1
        else:
            sums[index] += row.llr
            counts[index] += 1
    cells = []
    for index in range(n_cells):
        llr = sums[index] / counts[index] if counts[index] else None
        often = max(reasons[index].items(), key=lambda pair: pair[1], default=("", 0))[0]
        cells.append(
            Cell(
                start_s=index * cell_s,
                end_s=min((index + 1) * cell_s, end_s),
                llr=llr,
                colour=cell_colour(llr, llr_limit),
                reason="" if llr is not None else often,
            )
        )
    return tuple(cells)


def _curve(
    rows: list[SegmentRow], cell_s: float, window_s: float, end_s: float
) -> tuple[tuple[float, float], ...]:
    """Return the running mean at each cell's middle; NaN where the window holds no score."""
    scored = [(row.start_s + row.end_s, row.llr) for row in rows if row.llr is not None]
    if not scored:
        return ()
    middle = np.array([twice / 2 for twice, _ in scored])
    order = np.argsort(middle, kind="stable")
    middle = middle[order]
    total = np.concatenate([[0.0], np.cumsum(np.array([llr for _, llr in scored])[order])])
    at: SecondsArray = np.arange(cell_s / 2, end_s, cell_s)
    first = np.searchsorted(middle, at - window_s / 2 - 1e-9)
    last = np.searchsorted(middle, at + window_s / 2 + 1e-9)
    n = last - first
    mean = np.where(n > 0, (total[last] - total[first]) / np.maximum(n, 1), np.nan)
    return tuple(zip(at.tolist(), mean.tolist(), strict=True))


def count_sides(timeline: Timeline) -> Mapping[str, int]:
    """Return how many cells there are of each colour's side, for a description in words."""
    counts = {"spoof": 0, "bonafide": 0, "neither": 0, "unscored": 0}
    for lane in timeline.lanes:
        for cell in lane.cells:
            side = "unscored" if cell.llr is None else weigh(cell.llr, timeline.llr_limit).side
            counts[side] += 1
    return counts
