"""PDFs as a reader's programs see them: Typst makes them, pypdf takes them apart."""

import dataclasses
import io
import json
import math
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from pipeline.vocabulary import Custody, MediaItem, MediaReport, Quality, Variant
from reports.as_csv import to_csv
from reports.as_json import to_json
from reports.as_pdf import to_pdf
from reports.document import ReportDocument, to_document
from reports.words import Words
from reports.words_ar import ARABIC
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    MORNING,
    Sound,
    failed_report,
    long_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    not_applicable_report,
    spliced_report,
    steady_report,
)


def document_of(report: MediaReport) -> ReportDocument:
    return to_document(report, CARD, CONTEXT)


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def squeezed(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def test_page_one_says_what_was_found_how_sure_and_in_which_bytes() -> None:
    first = squeezed(pages_of(to_pdf(document_of(spliced_report())))[0])
    assert "Evidence of synthesis was found in part of the voice." in first
    assert "times more probable if the voice is synthetic" in first
    assert "could not be judged" in first
    assert "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" in first


def test_voices_at_once_are_in_the_pdf_the_json_and_the_table() -> None:
    scores = make_scores(Sound([2.0] * 12))
    scores.facts.quality[3:6] |= int(Quality.OVERLAPPED_SPEECH)
    document = document_of(make_report(scores, make_verdict(), make_media(12.0)))
    text = squeezed(" ".join(pages_of(to_pdf(document))))
    assert "Several voices at once in 3 s of 12 s" in text
    assert "the finding is that of the loudest one" in text
    rows = json.loads(to_json(document))["findings"]["segments"]
    assert [row["quality"] for row in rows[2:4]] == [[], ["overlapped_speech"]]
    assert to_csv(document).decode().count("overlapped_speech") == 3


def test_the_decision_rule_says_when_a_part_is_called_synthetic() -> None:
    text = squeezed(" ".join(pages_of(to_pdf(document_of(spliced_report())))))
    assert "partly synthetic when windows of 5 s of consecutive judged segments" in text
    assert "below −1.50 (4.5 times in favour of Hs)" in text
    assert "ln(voice seconds / 60)" in text
    assert "applies here" not in text  # the table's rates are of whole items


@pytest.mark.parametrize(
    "report",
    [spliced_report(), failed_report(), not_applicable_report(), steady_report(0.0)],
    ids=["partly", "failed", "not_applicable", "inconclusive"],
)
def test_every_page_carries_id_number_and_that_nobody_reviewed_it(report: MediaReport) -> None:
    pages = [squeezed(page) for page in pages_of(to_pdf(document_of(report)))]
    for number, page in enumerate(pages, start=1):
        assert CONTEXT.report_id in page
        assert f"Page {number} of {len(pages)}" in page
        assert "Machine output, not reviewed by an examiner" in page
    assert f"End of report {CONTEXT.report_id}" in pages[-1]


def test_json_and_csv_are_attached_as_they_are() -> None:
    document = document_of(spliced_report())
    attached = PdfReader(io.BytesIO(to_pdf(document))).attachments
    assert attached["report.json"] == [to_json(document)]
    assert attached["segments.csv"] == [to_csv(document)]


def test_the_pdf_is_tagged_titled_and_claims_pdf_a_3a_and_ua_1() -> None:
    pdf = to_pdf(document_of(spliced_report()))
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.root_object
    assert str(root["/Lang"]) == "en"
    assert root["/StructTreeRoot"]
    assert root["/OutputIntents"]
    assert root["/MarkInfo"]
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert CONTEXT.report_id in str(reader.metadata.title if reader.metadata else "")


def test_the_same_document_gives_the_same_bytes() -> None:
    document = document_of(spliced_report())
    other = document_of(steady_report(3.0))
    first = to_pdf(document)
    to_pdf(other)
    assert to_pdf(document) == first


def test_a_failed_item_says_what_went_wrong() -> None:
    text = squeezed(pages_of(to_pdf(document_of(failed_report())))[0])
    assert "Not analysed" in text
    assert "No sound could be decoded from this file. Fetch it again." in text
    assert "media_corrupt" in text


def test_markup_in_a_title_is_printed_not_obeyed() -> None:
    title = '#panic() *x* $y$ <label> @ref [a](b) // "\\u{41}" `raw` = head'
    first = squeezed(pages_of(to_pdf(document_of(spliced_report(title))))[0])
    assert title in first.replace("\u200b", "")


def test_an_emoji_stands_on_the_page_as_its_code_point() -> None:
    first = squeezed(pages_of(to_pdf(document_of(spliced_report("News \U0001f600\nat nine"))))[0])
    assert "News U+1F600 U+000A at nine" in first


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80), st.sampled_from([ENGLISH, ARABIC]))
def test_any_title_gets_a_pdf(title: str, words: Words) -> None:
    document = to_document(hostile(title), CARD, CONTEXT, words)
    assert to_pdf(document, words).startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    "title",
    ["x" * 10_000, "\U0001f469\u200d\U0001f469\u200d\U0001f466" * 50, "\u0301" * 300,
     "\u0915\u094d\u0937\u093f" * 40, "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
     "<svg onload=alert(1)>", "\ufeff\u200e\u2066", "".join(map(chr, range(0x20, 0x500)))],
    ids=["long", "family", "marks", "devanagari", "right_to_left", "svg", "invisible", "alphabet"],
)  # fmt: skip
def test_titles_that_break_renderers_get_a_pdf(title: str) -> None:
    assert to_pdf(document_of(hostile(title))).startswith(b"%PDF-1.7")


def hostile(text: str) -> MediaReport:
    """The text in every place that the outside fills."""
    report = failed_report()
    assert report.failure is not None
    return dataclasses.replace(
        report,
        item=MediaItem("item-1", "job-1", f"https://x.example/{text}", text),
        custody=Custody(MORNING, text, text, text, {text: text}),
        failure=dataclasses.replace(report.failure, message=text),
    )


def test_many_channels_heard_both_ways_fit() -> None:
    sounds = [
        Sound([math.sin(i + channel) * 3 for i in range(20)], channel=channel, variant=variant)
        for channel in range(8)
        for variant in Variant
    ]
    report = make_report(make_scores(*sounds), make_verdict(separated_llr=-1.0), make_media(20.0))
    first = squeezed(pages_of(to_pdf(document_of(report)))[0])
    assert "1.8 separated" in first
    assert "What was analysed" in first


def test_ten_hours_are_a_report_that_somebody_can_read() -> None:
    document = document_of(long_report())
    started = time.process_time()
    pdf = to_pdf(document)
    assert time.process_time() - started < 20
    assert len(PdfReader(io.BytesIO(pdf)).pages) < 60
    (attached,) = PdfReader(io.BytesIO(pdf)).attachments["report.json"]
    assert len(json.loads(attached)["findings"]["segments"]) == 36_000
