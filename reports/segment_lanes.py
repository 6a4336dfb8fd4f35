"""Findings -> columns by lane, and any stretch of them as bounded cells: what a screen draws.

The whole axis gives the cells and the curve of `timeline_of`, which the PDF draws; a stretch gives the
same with shorter cells. Ten hours are columns of 36 000 numbers here, never objects.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary import IntArray, Reason, SecondsArray, Variant
from reports.findings import Findings, SegmentRow
from reports.scale import Side, weigh
from reports.timeline import step_of

_FINE_STEPS_S = (0.25, 0.5)  # cells of items whose segments lie closer than a second
_CURVE_WINDOWS = 60
_REASONS = tuple(Reason)
_SCORED = -1  # code of a segment that has a score

Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SegmentLane:
    """One channel heard one way; every array has one entry a segment, in order of time."""

    track: int
    channel: int
    variant: Variant
    rows: tuple[SegmentRow, ...]
    start_s: SecondsArray
    end_s: SecondsArray
    llr: Numbers  # NaN where not scored
    reason: IntArray  # place in `Reason`, -1 where scored
    middle_s: SecondsArray  # (m,), of the scored ones
    total: Numbers  # (m + 1,), running sum of their llr


@dataclass(frozen=True, slots=True)
class LaneCells:
    """A stretch of a lane as cells; lists of one length."""

    track: int
    channel: int
    variant: Variant
    llr: list[float | None]  # mean over the scored segments of the cell
    level: list[
        int | None
    ]  # -5 (very strongly synthetic) to 5 (a person), 0 even; None: not scored
    lowest: list[int | None]  # level of the segment that speaks most for synthetic
    reason: list[str]  # the most frequent one where nothing was scored
    curve: list[float | None]  # running mean at the cell's middle


@dataclass(frozen=True, slots=True)
class Stretch:
    """All lanes between two times on one axis."""

    from_s: float  # where the first cell begins
    cell_s: float
    n_cells: int
    window_s: float  # of the running mean
    lanes: tuple[LaneCells, ...]


def lanes_of(findings: Findings) -> tuple[SegmentLane, ...]:
    """Return the lanes that a timeline shows, in its order."""
    groups: dict[tuple[int, int, Variant], list[SegmentRow]] = {}
    for row in findings.segments:
        groups.setdefault((row.track, row.channel, row.variant), []).append(row)
    return tuple(
        _lane(key, rows)
        for key, rows in sorted(groups.items())
        if key[2] is Variant.RECORDED or any(row.llr is not None for row in rows)
    )


def level_of(llr: float | None, llr_limit: float) -> int | None:
    """Return a step with a side: negative supports synthetic, as the LLR does."""
    if llr is None or math.isnan(llr):
        return None
    strength = weigh(llr, llr_limit)
    return -int(strength.step) if strength.side is Side.SPOOF else int(strength.step)


def stretch_of(
    lanes: tuple[SegmentLane, ...],
    span_s: tuple[float, float],
    end_s: float,
    most_cells: int,
    llr_limit: float,
    least_window_s: float,
) -> Stretch:
    """Return the cells between two times.

    Args:
        lanes: of one item.
        span_s: from and to, in seconds; cells at the edges are whole.
        end_s: of the item.
        most_cells: >= 1.
        llr_limit: |llr| beyond it is not supported by the validation.
        least_window_s: of the running mean, as the detector's card says.
    """
    from_s, to_s = max(0.0, span_s[0]), min(span_s[1], end_s)
    seen_s = max(to_s - from_s, 1e-6)
    hop_s = min((_hop_of(lane) for lane in lanes), default=1.0)
    cell_s = _cell_s(seen_s / most_cells, hop_s)
    n_all = max(1, math.ceil(end_s / cell_s - 1e-6))
    first = min(int(from_s / cell_s + 1e-6), n_all - 1)
    last = min(max(math.ceil(to_s / cell_s - 1e-6), first + 1), n_all, first + most_cells + 1)
    window_s = max(least_window_s, step_of(seen_s / _CURVE_WINDOWS))
    axis = _Axis(cell_s, n_all, first, last, end_s, window_s, llr_limit)
    cells = tuple(_cells(lane, axis) for lane in lanes)
    return Stretch(first * cell_s, cell_s, last - first, window_s, cells)


def rows_between(lane: SegmentLane, from_s: float, to_s: float) -> tuple[SegmentRow, ...]:
    """Return the segments that begin between two times."""
    first, last = np.searchsorted(lane.start_s, (from_s - 1e-9, to_s - 1e-9))
    return lane.rows[first:last]


@dataclass(frozen=True, slots=True)
class _Axis:
    cell_s: float
    n_all: int  # cells of the whole item
    first: int
    last: int  # exclusive
    end_s: float
    window_s: float
    llr_limit: float


def _lane(key: tuple[int, int, Variant], rows: list[SegmentRow]) -> SegmentLane:
    rows = sorted(rows, key=lambda row: row.start_s)
    llr = np.array([math.nan if row.llr is None else row.llr for row in rows])
    codes = [_SCORED if row.llr is not None else _REASONS.index(row.reason) for row in rows]
    start_s = np.array([row.start_s for row in rows])
    end_s = np.array([row.end_s for row in rows])
    scored = np.isfinite(llr)
    middle_s = (start_s[scored] + end_s[scored]) / 2
    total = np.concatenate([[0.0], np.cumsum(llr[scored])])
    reason = np.array(codes, dtype=np.int64)
    return SegmentLane(*key, tuple(rows), start_s, end_s, llr, reason, middle_s, total)


def _hop_of(lane: SegmentLane) -> float:
    if len(lane.start_s) < 3:  # the last one reaches back, so two tell nothing
        return 1.0
    return float(np.median(np.diff(lane.start_s)))


def _cell_s(least_s: float, hop_s: float) -> float:
    fine = [step for step in _FINE_STEPS_S if step >= max(least_s, hop_s) - 1e-9]
    return fine[0] if fine and least_s < 1 else step_of(least_s)


def _cells(lane: SegmentLane, axis: _Axis) -> LaneCells:
    n_cells = axis.last - axis.first
    place = np.minimum((lane.start_s / axis.cell_s + 1e-6).astype(np.int64), axis.n_all - 1)
    ends = np.flatnonzero(lane.end_s >= axis.end_s)
    if len(ends) and not (place[: ends[0]] == axis.n_all - 1).any():
        place[ends[0]] = axis.n_all - 1  # the last segment reaches back to be whole
    place = np.maximum.accumulate(place) if len(place) else place
    low, high = np.searchsorted(place, (axis.first, axis.last))
    place, llr, reason = place[low:high] - axis.first, lane.llr[low:high], lane.reason[low:high]
    scored = np.isfinite(llr)
    count = np.bincount(place[scored], minlength=n_cells)
    total = np.bincount(place[scored], weights=llr[scored], minlength=n_cells)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    lowest = np.full(n_cells, np.inf)
    np.minimum.at(lowest, place[scored], llr[scored])
    often = np.zeros((n_cells, len(_REASONS)), dtype=np.int64)
    np.add.at(often, (place[~scored], reason[~scored]), 1)
    names = [
        "" if n or not row.any() else _REASONS[int(row.argmax())].value
        for n, row in zip(count.tolist(), often, strict=True)
    ]
    limit = axis.llr_limit
    means, curve = _listed(mean), _listed(_curve(lane, axis))
    return LaneCells(
        track=lane.track,
        channel=lane.channel,
        variant=lane.variant,
        llr=means,
        level=[level_of(one, limit) for one in means],
        lowest=[level_of(one, limit) for one in _listed(np.where(count > 0, lowest, np.nan))],
        reason=names,
        curve=curve,
    )


def _curve(lane: SegmentLane, axis: _Axis) -> Numbers:
    at = (np.arange(axis.first, axis.last) + 0.5) * axis.cell_s
    half = axis.window_s / 2 + 1e-9
    first = np.searchsorted(lane.middle_s, at - half)
    last = np.searchsorted(lane.middle_s, at + half)
    n = last - first
    mean: Numbers = np.where(
        (n > 0) & (at < axis.end_s),
        (lane.total[last] - lane.total[first]) / np.maximum(n, 1),
        np.nan,
    )
    return mean


def _listed(values: Numbers) -> list[float | None]:
    known = np.isfinite(values)
    tidy = np.round(np.where(known, values, 0.0), 3) + 0.0
    return [n if k else None for n, k in zip(tidy.tolist(), known.tolist(), strict=True)]
