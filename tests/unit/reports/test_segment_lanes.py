"""Stretches of a timeline for the screen: the whole is the PDF's, a part is finer, all is bounded."""

import numpy as np
import pytest

from pipeline.vocabulary import Variant
from reports.findings import Findings, to_findings
from reports.segment_lanes import Stretch, lanes_of, level_of, rows_between, stretch_of
from reports.timeline import timeline_of
from tests.unit.reports.report_maker import (
    LLR_LIMIT,
    Sound,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    spliced_report,
)


def noisy(n_rows: int, hop_s: float = 1.0) -> Findings:
    rng = np.random.default_rng(n_rows)
    llr = np.where(rng.random(n_rows) < 0.2, np.nan, rng.normal(0, 2, n_rows))
    again = np.where(rng.random(n_rows) < 0.7, np.nan, rng.normal(0, 2, n_rows))
    scores = make_scores(
        Sound(llr.tolist(), hop_s=hop_s),
        Sound(again.tolist(), hop_s=hop_s, variant=Variant.SEPARATED),
    )
    return to_findings(make_report(scores, make_verdict(), make_media(n_rows * hop_s)))


def stretch(findings: Findings, from_s: float, to_s: float, most: int = 240) -> Stretch:
    end_s = max(row.end_s for row in findings.segments)
    return stretch_of(lanes_of(findings), (from_s, to_s), end_s, most, LLR_LIMIT, 5.0)


@pytest.mark.parametrize("n_rows", [1, 3, 239, 240, 241, 3_601, 36_000])
def test_the_whole_axis_has_the_cells_and_the_curve_of_the_pdf(n_rows: int) -> None:
    findings = noisy(n_rows)
    drawn = timeline_of(findings)
    shown = stretch(findings, 0.0, drawn.end_s)
    assert (shown.cell_s, shown.window_s, len(shown.lanes)) == (
        drawn.cell_s,
        drawn.window_s,
        len(drawn.lanes),
    )
    for mine, theirs in zip(shown.lanes, drawn.lanes, strict=True):
        assert len(mine.llr) == len(theirs.cells)
        for cell, llr, level in zip(theirs.cells, mine.llr, mine.level, strict=True):
            assert llr == pytest.approx(cell.llr, abs=1e-3) if cell.llr is not None else llr is None
            assert (level is None) == (cell.llr is None)
        curve = [None if np.isnan(value) else round(value, 3) for _, value in theirs.curve]
        assert mine.curve[: len(curve)] == pytest.approx(curve, abs=2e-3) or not curve


def test_a_stretch_is_as_fine_as_its_segments_and_never_longer_than_asked() -> None:
    findings = noisy(36_000)
    near = stretch(findings, 7_200.0, 7_260.0, 600)
    assert (near.cell_s, near.from_s, near.n_cells) == (1.0, 7_200.0, 60)
    rows = rows_between(lanes_of(findings)[0], 7_200.0, 7_260.0)
    assert near.lanes[0].llr == [row.llr for row in rows]
    far = stretch(findings, 0.0, 36_000.0, 300)
    assert far.n_cells <= 301
    assert all(len(lane.level) == far.n_cells for lane in far.lanes)


def test_segments_closer_than_a_second_have_cells_of_their_own() -> None:
    findings = noisy(400, hop_s=0.25)
    near = stretch(findings, 10.0, 20.0)
    assert near.cell_s == 0.25
    assert near.lanes[0].llr[:4] == [
        row.llr for row in rows_between(lanes_of(findings)[0], 10.0, 11.0)
    ]


def test_a_long_cell_shows_its_lowest_second_and_why_nothing_was_scored() -> None:
    llr = [3.0] * 600
    llr[100] = -3.0
    llr[400:500] = [float("nan")] * 100
    findings = to_findings(make_report(make_scores(Sound(llr)), make_verdict(), make_media(600.0)))
    lane = stretch(findings, 0.0, 600.0, 12).lanes[0]
    assert lane.level[1] is not None
    assert lane.level[1] > 0
    assert lane.lowest[1] == level_of(-3.0, LLR_LIMIT)
    assert lane.reason[7] == "silence"
    assert [place for place, level in enumerate(lane.level) if level is None] == [7]


def test_levels_keep_the_sign_of_the_llr() -> None:
    assert level_of(None, 4.0) is None
    assert level_of(0.1, 4.0) == 0
    assert level_of(-1.0, 4.0) == -1
    assert level_of(3.0, 4.0) == 2
    assert level_of(-9.0, 20.0) == -4


def test_an_item_without_segments_has_no_lanes() -> None:
    findings = to_findings(spliced_report()).model_copy(update={"segments": ()})
    assert lanes_of(findings) == ()
    assert stretch_of((), (0.0, 5.0), 0.0, 100, 1.0, 5.0).lanes == ()
