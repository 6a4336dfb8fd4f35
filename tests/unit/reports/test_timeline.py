import math

import pytest

from pipeline.vocabulary import Reason, Variant
from reports.findings import to_findings
from reports.picture import draw
from reports.timeline import count_sides, timeline_of
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import (
    Sound,
    failed_report,
    long_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    spliced_report,
)


def test_a_minute_has_a_cell_for_every_second() -> None:
    (lane,) = timeline_of(to_findings(spliced_report())).lanes
    assert len(lane.cells) == 60
    assert [span.start_s for span in lane.spans] == [12.0, 40.0]


def test_a_quarter_second_hop_still_makes_cells_of_a_second() -> None:
    sound = Sound([1.0, 2.0, 3.0, 4.0] * 5, hop_s=0.25)
    report = make_report(make_scores(sound), make_verdict(), make_media(6.0))
    (lane,) = timeline_of(to_findings(report)).lanes
    assert [cell.llr for cell in lane.cells[:4]] == [2.5] * 4


@pytest.mark.parametrize("max_cells", [1, 60, 240, 500])
def test_long_items_are_binned_to_what_fits(max_cells: int) -> None:
    timeline = timeline_of(to_findings(long_report()), max_cells)
    (lane,) = timeline.lanes
    assert len(lane.cells) <= max_cells
    assert lane.cells[-1].end_s == timeline.end_s


def test_cells_without_a_score_say_why() -> None:
    (lane,) = timeline_of(to_findings(spliced_report())).lanes
    assert lane.cells[0].llr is None
    assert lane.cells[0].reason == Reason.SILENCE
    assert lane.cells[57].reason == Reason.MUSIC


def test_the_curve_is_the_mean_around_each_second_and_breaks_in_long_pauses() -> None:
    llr = [1.0] * 10 + [math.nan] * 10 + [-1.0] * 10
    report = make_report(make_scores(Sound(llr)), make_verdict(), make_media(30.0))
    curve = timeline_of(to_findings(report), window_s=5.0).lanes[0].curve
    assert curve[4] == (4.5, 1.0)
    assert math.isnan(curve[15][1])
    assert curve[25] == (25.5, -1.0)


def test_every_channel_and_each_way_to_listen_has_a_lane() -> None:
    scores = make_scores(
        Sound([1.0] * 5),
        Sound([1.0] * 5, channel=1),
        Sound([-1.0] * 5, variant=Variant.SEPARATED),
        Sound([math.nan] * 5, channel=1, variant=Variant.SEPARATED),
    )
    lanes = timeline_of(to_findings(make_report(scores, make_verdict(), make_media(5.0)))).lanes
    assert [(lane.channel, lane.variant) for lane in lanes] == [
        (0, Variant.RECORDED),
        (0, Variant.SEPARATED),
        (1, Variant.RECORDED),
    ]


def test_a_failed_item_has_no_lane() -> None:
    assert timeline_of(to_findings(failed_report())).lanes == ()


def test_the_description_counts_every_cell_once() -> None:
    timeline = timeline_of(to_findings(spliced_report()))
    assert sum(count_sides(timeline).values()) == 60
    assert count_sides(timeline)["unscored"] == 10


def test_the_picture_is_the_same_for_the_same_findings() -> None:
    findings = to_findings(spliced_report())
    pictures = {draw(timeline_of(findings), ENGLISH.labels) for _ in range(3)}
    assert len(pictures) == 1
    assert "NaN" not in pictures.pop()


def test_a_tail_that_reaches_back_fills_the_last_cell() -> None:
    scores = make_scores(Sound([1.0, 1.0, 1.0, 3.0]))
    scores.facts.start_s[3] = 2.3
    scores.facts.end_s[3] = 3.3
    report = make_report(scores, make_verdict(), make_media(3.3))
    (lane,) = timeline_of(to_findings(report)).lanes
    assert [cell.llr for cell in lane.cells] == [1.0, 1.0, 1.0, 3.0]
