"""The figures of an evaluation, counted by hand, and what they are written to."""

import csv
import json
import math
from pathlib import Path

import pytest

from console.evaluation import LabelledPath, ScoredPath
from console.evaluation_figures import FIGURE_WORDS, figures_of, write_figures
from console.evaluation_groups import groups_of, worst_source, write_groups
from tests.models import TINY_DETECTOR


def row(
    label: str, llr: float | None, verdict: str, source: str = "", system: str = ""
) -> ScoredPath:
    labelled = LabelledPath("a.wav", Path("a.wav"), label, source, system)
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


def test_the_metrics_are_those_of_plain_counting() -> None:
    bonafide, spoof = [-1.0, 0.0, 1.0, 2.0], [-2.0, -0.7, 0.5]
    rows = [row("bonafide", llr, "inconclusive") for llr in bonafide]
    rows += [row("spoof", llr, "inconclusive") for llr in spoof]
    figures = figures_of(rows, str(TINY_DETECTOR))
    # at 0: one of four genuine under it, one of three synthetic over it
    assert figures["hter_at_0"] == pytest.approx((1 / 4 + 1 / 3) / 2)
    assert figures["accuracy_at_0"] == pytest.approx(5 / 7)
    assert figures["f1_at_0"] == pytest.approx(2 / 3)
    # the costs ask for ln(0.5 / 0.95) = -0.64: one genuine under, one synthetic over
    assert figures["act_dcf"] == pytest.approx((0.95 / 4 + 0.5 / 3) / 0.5)
    # at 1: half of the genuine rejected; at -1 none, two of three accepted; at 0: 0.2375 + 0.1667
    assert figures["min_dcf"] == pytest.approx(min(0.95 / 4 + 0.5 / 3, 0.5 * 2 / 3) / 0.5)
    cost = sum(math.log2(1 + math.exp(-llr)) for llr in bonafide) / 4
    cost += sum(math.log2(1 + math.exp(llr)) for llr in spoof) / 3
    assert figures["cllr"] == pytest.approx(cost / 2)


def test_the_matrix_of_verdicts_leaves_out_what_has_no_llr() -> None:
    rows = [
        row("bonafide", 3.0, "no_evidence"),
        row("bonafide", -3.0, "synthetic"),
        row("bonafide", None, "failed"),
        row("spoof", -3.0, "partly_synthetic"),
        row("spoof", 0.1, "inconclusive"),
        row("neither", 1.0, "no_evidence"),
    ]
    figures = figures_of(rows, str(TINY_DETECTOR))
    assert (figures["bonafide_kept"], figures["bonafide_rejected"]) == (1, 1)
    assert (figures["spoof_caught"], figures["spoof_undecided"]) == (1, 1)
    assert figures["precision"] == 0.5
    assert figures["recall"] == 0.5
    assert figures["accuracy"] == pytest.approx(2 / 3)


def test_each_source_and_system_has_its_own_errors(tmp_path: Path) -> None:
    rows = [row("bonafide", -1.0, "synthetic", "bad") for _ in range(10)]
    rows += [row("bonafide", 1.0, "no_evidence", "good") for _ in range(10)]
    rows += [row("bonafide", -1.0, "synthetic", "tiny")]  # too few to be named
    rows += [row("spoof", 1.0, "no_evidence", "demo", "vits"), row("spoof", None, "failed", "demo")]
    groups = {group.name: group for group in groups_of(rows)}
    assert (groups["bad"].wrong_rate_at_0, groups["good"].wrong_rate_at_0) == (1.0, 0.0)
    assert (groups["vits"].wrong_rate, groups["vits"].decided_share) == (1.0, 1.0)
    assert (groups["demo"].n_rows, groups["demo"].n_scored) == (1, 0)
    worst = worst_source(list(groups.values()))
    assert worst is not None
    assert worst.name == "bad"
    write_groups(tmp_path / "groups.csv", list(groups.values()))
    with (tmp_path / "groups.csv").open(newline="") as file:
        written = {line["name"]: line for line in csv.DictReader(file)}
    assert written["bad"]["wrong_rate_at_0"] == "1.000000"
    assert written["demo"]["wrong_rate"] == ""


def test_what_is_not_known_is_null_in_the_file_of_figures(tmp_path: Path) -> None:
    figures = figures_of([row("spoof", -9.0, "inconclusive")], str(TINY_DETECTOR))
    write_figures(tmp_path / "figures.json", figures)
    read = json.loads((tmp_path / "figures.json").read_text())
    assert read["eer"] is None
    assert read["accuracy"] is None
    assert read["n_spoof"] == 1
