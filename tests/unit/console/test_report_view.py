"""A report in the terminal."""

import pytest

from console.report_view import print_report
from reports.document import to_document
from tests.unit.reports.report_maker import CARD, CONTEXT, failed_report


def test_a_failed_item_shows_what_happened_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = to_document(failed_report(), CARD, CONTEXT)
    assert document.failure is not None
    print_report(document)
    shown = " ".join(capsys.readouterr().out.split())
    assert document.failure.message in shown
    assert document.failure.code in shown
