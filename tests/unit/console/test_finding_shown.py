"""A finding as a page shows it at once."""

from console.pages.finding import show_finding
from pipeline.vocabulary import Variant
from reports.document import to_document
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    Sound,
    make_media,
    make_report,
    make_scores,
    make_verdict,
)


def test_each_row_of_cells_says_what_was_heard() -> None:
    sounds = Sound([2.0] * 9), Sound([-2.0] * 4, variant=Variant.SEPARATED)
    report = make_report(make_scores(*sounds), make_verdict(), make_media(9.0))
    shown = show_finding(to_document(report, CARD, CONTEXT), ENGLISH)
    said = [lane.name for lane in shown.lanes]
    assert said == ["Track 1, channel 1, as recorded", "Track 1, channel 1, voice separated"]
