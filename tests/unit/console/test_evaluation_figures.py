"""The figures of an evaluation, counted by hand."""

from pathlib import Path

import pytest

from console.evaluation import LabelledPath, ScoredPath
from console.evaluation_figures import FIGURE_WORDS, figures_of
from tests.models import TINY_DETECTOR


def row(label: str, llr: float | None, verdict: str) -> ScoredPath:
    labelled = LabelledPath("a.wav", Path("a.wav"), label, "", "")
    return ScoredPath(labelled, llr, llr, verdict, "", 3.0, "")


def test_error_rates_are_counted_from_verdicts() -> None:
    rows = [
        row("bonafide", 9.0, "no_evidence"),
        row("bonafide", 9.0, "partly_synthetic"),  # its LLR alone would call it genuine
        row("bonafide", -9.0, "synthetic"),
        row("bonafide", -9.0, "inconclusive"),  # too little voice to say so
        row("bonafide", -9.0, "inconclusive"),
        row("bonafide", None, "not_applicable"),
        row("spoof", -9.0, "synthetic"),
        row("spoof", 9.0, "no_evidence"),
        row("spoof", 9.0, "inconclusive"),
        row("spoof", None, "failed"),
    ]
    figures = figures_of(rows, str(TINY_DETECTOR))
    assert figures["bonafide_rejected_rate"] == pytest.approx(2 / 5)
    assert figures["spoof_accepted_rate"] == pytest.approx(1 / 3)
    assert figures["bonafide_at_or_below_rate"] == pytest.approx(3 / 5)
    assert figures["spoof_at_or_above_rate"] == pytest.approx(2 / 3)
    assert set(figures) == set(FIGURE_WORDS)


def test_a_class_that_is_missing_has_no_rate() -> None:
    figures = figures_of([row("spoof", -9.0, "synthetic")], str(TINY_DETECTOR))
    assert figures["bonafide_rejected_rate"] is None
    assert figures["spoof_accepted_rate"] == 0.0
