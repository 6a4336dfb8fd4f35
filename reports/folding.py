"""Segments -> rows of a page: neighbours that say the same become one row.

A short item keeps a row per scored segment. Where folding alone leaves too many rows, stretches of equal
length are made, as long as it takes: a 10-hour item must fit a report that somebody reads.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.vocabulary import Reason, Variant
from reports.findings import SegmentRow
from reports.scale import weigh

KEEP_ALL = 60  # rows that fit two pages
MAX_ROWS = 400  # about 9 pages; a row takes Typst 0.1 MB
_WINDOWS_S = (5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600)


@dataclass(frozen=True, slots=True)
class Fold:
    """One row of the page: a stretch of one channel heard one way."""

    start_s: float
    end_s: float
    track: int
    channel: int
    variant: Variant
    n_segments: int
    n_scored: int
    llr_mean: float | None
    llr_low: float | None
    llr_high: float | None
    voiced_share: float | None
    reasons: tuple[Reason, ...]  # of the segments without a score
    quality: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """All rows, and how they came about."""

    rows: tuple[Fold, ...]
    n_segments: int
    window_s: float | None  # length of the stretches; None: neighbours that say the same, or all


def fold(segments: Sequence[SegmentRow], llr_limit: float, max_rows: int = MAX_ROWS) -> Folded:
    """Return at most `max_rows` rows, in the order track, channel, variant, time."""
    ordered = sorted(segments, key=lambda row: (row.track, row.channel, row.variant, row.start_s))
    if len(ordered) <= KEEP_ALL:
        return _folded(_runs([[row] for row in ordered], _silence), None)
    groups = _runs([[row] for row in ordered], lambda rows: _saying(rows[0], llr_limit))
    if len(groups) <= max_rows:
        return _folded(groups, None)
    longest = max(row.end_s for row in ordered)
    for window_s in (*_WINDOWS_S, longest + 1.0):
        groups = _runs(_stretches(ordered, window_s), _silence)
        if len(groups) <= max_rows:
            break
    return _folded(groups, window_s)


def _folded(groups: list[list[SegmentRow]], window_s: float | None) -> Folded:
    return Folded(tuple(map(_fold, groups)), sum(map(len, groups)), window_s)


def _lane(row: SegmentRow) -> tuple[int, int, Variant]:
    return row.track, row.channel, row.variant


def _saying(row: SegmentRow, llr_limit: float) -> Hashable:
    """Return what a row says, in the words of the page."""
    if row.llr is None:
        return row.reason, row.quality
    strength = weigh(row.llr, llr_limit)
    return strength.side, strength.step, row.quality


def _stretches(rows: list[SegmentRow], window_s: float) -> list[list[SegmentRow]]:
    return [
        list(stretch)
        for _, stretch in groupby(
            rows, key=lambda row: (*_lane(row), int(row.start_s / window_s + 1e-6))
        )
    ]


def _silence(rows: list[SegmentRow]) -> Hashable:
    """Return one key for all stretches that lack a score for the same reasons, else its own."""
    if any(row.llr is not None for row in rows):
        return rows[0].index
    return tuple(sorted({row.reason for row in rows}))


def _runs(
    groups: list[list[SegmentRow]], key: Callable[[list[SegmentRow]], Hashable]
) -> list[list[SegmentRow]]:
    """Join neighbouring groups of one lane that have the same key."""
    return [
        [row for rows in run for row in rows]
        for _, run in groupby(groups, key=lambda rows: (_lane(rows[0]), key(rows)))
    ]


def _fold(rows: list[SegmentRow]) -> Fold:
    llrs = [row.llr for row in rows if row.llr is not None]
    voiced = [row.voiced_share for row in rows if row.voiced_share is not None]
    first = rows[0]
    return Fold(
        start_s=first.start_s,
        end_s=max(row.end_s for row in rows),
        track=first.track,
        channel=first.channel,
        variant=first.variant,
        n_segments=len(rows),
        n_scored=len(llrs),
        llr_mean=sum(llrs) / len(llrs) if llrs else None,
        llr_low=min(llrs, default=None),
        llr_high=max(llrs, default=None),
        voiced_share=sum(voiced) / len(voiced) if voiced else None,
        reasons=tuple(sorted({row.reason for row in rows if row.llr is None})),
        quality=tuple(sorted({name for row in rows for name in row.quality})),
    )
