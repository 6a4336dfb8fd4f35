"""An item shows an earlier item's analysis: the findings are the earlier ones, the rest its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reports.as_json import from_json, to_json
from reports.document import ReportDocument, to_document
from reports.findings import findings_sha256
from reports.fonts import FAMILIES
from reports.languages import LANGUAGES, words_of
from reports.page import page_data
from reports.reissue import reissue
from reports.timeline import timeline_of
from reports.words import Words
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report


def earlier_and_own(words: Words = ENGLISH) -> tuple[ReportDocument, ReportDocument]:
    report = spliced_report()
    earlier = to_document(report, CARD, CONTEXT, words)
    item = replace(report.item, item_id="99", job_id="12", title="again", source_uri="s3://b/again")
    assert report.custody is not None
    custody = replace(report.custody, acquired_at=report.custody.acquired_at + timedelta(days=3))
    shell = replace(report, item=item, custody=custody, scores=None, timings_s={"fetch": 0.25})
    context = replace(
        CONTEXT, report_id="12-99-1", labels=("court", "urgent"), list_priority="live"
    )
    return earlier, to_document(shell, CARD, context, words)


def test_findings_are_the_earlier_ones_and_the_report_says_whose() -> None:
    earlier, own = earlier_and_own()

    document = reissue(earlier, own, ())

    assert document.findings == earlier.findings
    assert document.findings_sha256 == findings_sha256(document.findings)
    assert document.summary == earlier.summary
    assert document.reused is not None
    assert document.reused.item_id == earlier.item.item_id
    assert document.reused.report_id == earlier.issue.report_id
    assert document.reused.analysed_at == earlier.processing.analysed_at
    assert from_json(to_json(document)) == document


def test_what_belongs_to_the_item_is_its_own() -> None:
    earlier, own = earlier_and_own()

    document = reissue(earlier, own, ("extension_mismatch",))

    assert (document.item, document.issue, document.custody) == (own.item, own.issue, own.custody)
    assert document.item.labels == ("court", "urgent")
    assert document.processing.timings_s == {"fetch": 0.25}
    assert document.processing.notes == ("extension_mismatch",)
    assert document.summary.not_examined != earlier.summary.not_examined


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_source_labels_and_priority_in_every_language(language: str) -> None:
    words = words_of(language)
    earlier, own = earlier_and_own(words)
    document = reissue(earlier, own, (), words)
    every = frozenset(range(0x110000))

    data = page_data(document, timeline_of(document.findings), words, [every for _ in FAMILIES])

    custody = data["custody"]
    assert isinstance(custody, list)
    rows = {str(row[0]): str(row[1]) for row in custody if isinstance(row, list)}
    said = {label: rows.get(words.labels[label], "") for label in words.labels}
    assert earlier.issue.report_id in said["reused"].replace("\u2066", "").replace("\u2069", "")
    assert "court, urgent" in said["item_labels"]
    assert "live" in said["list_priority"]
