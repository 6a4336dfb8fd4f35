import math

import pytest

from pipeline.vocabulary import Variant
from reports.findings import to_findings
from reports.folding import MAX_ROWS, fold
from tests.unit.reports.report_maker import (
    LLR_LIMIT,
    Sound,
    long_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    spliced_report,
)


def test_a_short_item_keeps_a_row_for_every_judged_segment() -> None:
    folded = fold(to_findings(spliced_report()).segments, LLR_LIMIT)
    assert sum(row.n_segments for row in folded.rows) == 60
    assert all(row.n_segments == 1 for row in folded.rows if row.n_scored)


def test_a_long_pause_becomes_one_row() -> None:
    llr = [2.5] * 100 + [math.nan] * 900 + [2.5] * 100
    report = make_report(make_scores(Sound(llr)), make_verdict(), make_media(1_100.0))
    rows = fold(to_findings(report).segments, LLR_LIMIT).rows
    assert [(row.start_s, row.end_s, row.n_scored) for row in rows] == [
        (0.0, 100.0, 100),
        (100.0, 1_000.0, 0),
        (1_000.0, 1_100.0, 100),
    ]


@pytest.mark.parametrize("max_rows", [10, 100, MAX_ROWS])
def test_ten_hours_fit_and_no_segment_is_lost(max_rows: int) -> None:
    folded = fold(to_findings(long_report()).segments, LLR_LIMIT, max_rows)
    assert len(folded.rows) <= max_rows
    assert folded.n_segments == 36_000
    assert sum(row.n_segments for row in folded.rows) == 36_000
    assert folded.window_s is not None


def test_channels_and_variants_are_never_folded_together() -> None:
    scores = make_scores(
        Sound([2.5] * 50),
        Sound([2.5] * 50, channel=1),
        Sound([2.5] * 50, variant=Variant.SEPARATED),
    )
    report = make_report(scores, make_verdict(), make_media(50.0))
    rows = fold(to_findings(report).segments, LLR_LIMIT).rows
    assert [(row.channel, row.variant.value, row.n_segments) for row in rows] == [
        (0, "recorded", 50),
        (0, "separated", 50),
        (1, "recorded", 50),
    ]


def test_a_folded_row_shows_mean_lowest_and_highest() -> None:
    llr = [0.8, 1.0, 1.2] * 30
    report = make_report(make_scores(Sound(llr)), make_verdict(), make_media(90.0))
    (row,) = fold(to_findings(report).segments, LLR_LIMIT).rows
    assert row.llr_mean == pytest.approx(1.0)
    assert (row.llr_low, row.llr_high) == (0.8, 1.2)
