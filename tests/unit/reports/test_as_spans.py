"""Marked stretches as other programs read them."""

import csv
import io
import re

import pytest

from reports.as_spans import SPAN_FORMATS, to_audacity, to_span_csv, to_textgrid, to_webvtt
from reports.document import ReportDocument, to_document
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    failed_report,
    long_report,
    spliced_report,
    steady_report,
)


def spliced() -> ReportDocument:
    return to_document(spliced_report('=cmd|x "quoted" --> <b>'), CARD, CONTEXT)


def test_the_csv_has_a_row_per_stretch_with_the_side_it_supports() -> None:
    rows = list(csv.DictReader(io.StringIO(to_span_csv(spliced()).decode())))
    assert [(row["start_s"], row["end_s"]) for row in rows] == [("12", "19"), ("40", "46")]
    assert {row["supports"] for row in rows} == {"spoof"}
    assert all(row["title"].startswith("'=") for row in rows)


def test_audacity_gets_start_end_and_label_by_tabs() -> None:
    lines = to_audacity(spliced()).decode().splitlines()
    assert len(lines) == 2
    start, end, label = lines[0].split("\t")
    assert (float(start), float(end)) == (12.0, 19.0)
    assert label.startswith("1.1 synthetic, ")


def test_webvtt_cues_have_times_and_no_markup() -> None:
    text = to_webvtt(spliced()).decode()
    assert text.startswith("WEBVTT\n\n")
    assert "00:00:12.000 --> 00:00:19.000\n1.1 synthetic, " in text
    assert text.count("-->") == 2
    assert "<b>" not in text


@pytest.mark.parametrize(
    "document",
    [
        spliced(),
        to_document(long_report(), CARD, CONTEXT),
        to_document(failed_report(), CARD, CONTEXT),
    ],
    ids=["spliced", "ten_hours", "failed"],
)
def test_textgrid_tiers_cover_the_sound_without_gap_or_overlap(document: ReportDocument) -> None:
    text = to_textgrid(document).decode()
    tiers = text.split("    item [")[1:]
    end_s = float(re.findall(r"^xmax = (\S+)$", text, re.MULTILINE)[0])
    assert tiers
    for tier in tiers:
        starts = [float(s) for s in re.findall(r"^ {12}xmin = (\S+)$", tier, re.MULTILINE)]
        ends = [float(s) for s in re.findall(r"^ {12}xmax = (\S+)$", tier, re.MULTILINE)]
        assert starts == [0.0, *ends[:-1]]
        assert ends[-1] == end_s
        assert f"intervals: size = {len(starts)}" in tier


def test_textgrid_says_in_single_segments_why_nothing_was_judged() -> None:
    assert 'text = "music without speech"' in to_textgrid(spliced()).decode()


def test_an_item_without_stretches_gives_files_without_marks() -> None:
    document = to_document(steady_report(3.0), CARD, CONTEXT)
    assert len(to_span_csv(document).splitlines()) == 1
    assert to_audacity(document) == b""
    assert b"-->" not in to_webvtt(document)
    assert set(SPAN_FORMATS) == {"csv", "textgrid", "audacity", "webvtt"}
