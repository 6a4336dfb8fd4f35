"""A report in the terminal."""

import pytest

from console.report_view import print_report
from pipeline.vocabulary import Variant
from reports.document import to_document
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    Sound,
    failed_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
)


def test_a_failed_item_shows_what_happened_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = to_document(failed_report(), CARD, CONTEXT)
    assert document.failure is not None
    print_report(document)
    shown = " ".join(capsys.readouterr().out.split())
    assert document.failure.message in shown
    assert document.failure.code in shown


def test_seconds_heard_again_as_the_separated_voice_do_not_lengthen_the_timeline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded, separated = Sound([2.0] * 9), Sound([-2.0] * 4, variant=Variant.SEPARATED)
    report = make_report(make_scores(recorded, separated), make_verdict(), make_media(9.0))
    print_report(to_document(report, CARD, CONTEXT))
    shown = capsys.readouterr().out
    assert f"0:00  {'▲' * 9}\n" in shown
    assert "▼▼" not in shown
