import dataclasses
import json
from datetime import datetime, timedelta, timezone

import jsonschema
import pytest
from pydantic import ValidationError

from pipeline.vocabulary import MediaReport
from reports.as_json import SCHEMA_PATH, from_json, json_schema, to_json
from reports.document import summary_sentence, to_document
from reports.findings import findings_sha256
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    failed_report,
    long_report,
    make_report,
    not_applicable_report,
    spliced_report,
    steady_report,
)

REPORTS = {
    "partly_synthetic": spliced_report(),
    "no_evidence": steady_report(3.0),
    "synthetic": steady_report(-3.0),
    "inconclusive": steady_report(0.0),
    "not_applicable": not_applicable_report(),
    "failed": failed_report(),
    "never_fetched": make_report(None, None, None, failed_report("fetch_failed").failure),
}


def test_published_schema_is_the_one_of_the_code() -> None:
    assert SCHEMA_PATH.read_bytes() == json_schema(), (
        "write reports.as_json.json_schema() to reports/schema/report-v1.json"
    )


@pytest.mark.parametrize("name", REPORTS)
def test_documents_fit_the_published_schema(name: str) -> None:
    schema = json.loads(SCHEMA_PATH.read_bytes())
    document = to_document(REPORTS[name], CARD, CONTEXT)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    validator.check_schema(schema)
    validator.validate(json.loads(to_json(document)))


@pytest.mark.parametrize("name", REPORTS)
def test_json_reads_back_as_the_same_document(name: str) -> None:
    document = to_document(REPORTS[name], CARD, CONTEXT)
    assert from_json(to_json(document)) == document


def test_schema_refuses_what_it_does_not_know() -> None:
    tree = json.loads(to_json(to_document(spliced_report(), CARD, CONTEXT)))
    tree["findings"]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.validate(tree, json.loads(SCHEMA_PATH.read_bytes()))


def test_checksum_in_the_document_is_that_of_its_findings() -> None:
    document = from_json(to_json(to_document(spliced_report(), CARD, CONTEXT)))
    assert findings_sha256(document.findings) == document.findings_sha256


def test_a_document_without_a_card_is_whole() -> None:
    assert to_document(failed_report(), None, CONTEXT).method is None


def test_times_are_told_in_utc_wherever_the_worker_stands() -> None:
    there = timezone(timedelta(hours=9))
    context = dataclasses.replace(CONTEXT, issued_at=CONTEXT.issued_at.astimezone(there))
    report = spliced_report()
    assert to_json(to_document(report, CARD, context)) == to_json(
        to_document(report, CARD, CONTEXT)
    )


def test_a_time_without_a_zone_is_refused() -> None:
    context = dataclasses.replace(CONTEXT, issued_at=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValidationError, match="timezone"):
        to_document(spliced_report(), CARD, context)


def test_private_paths_are_nowhere_in_a_report() -> None:
    assert b"/private" not in to_json(to_document(spliced_report(), CARD, CONTEXT))


def test_titles_that_postgresql_and_utf8_refuse_become_visible() -> None:
    text = to_json(to_document(spliced_report("a\0b\ud800c"), CARD, CONTEXT)).decode()
    assert '"title":"aU+0000bU+D800c"' in text


def test_an_endless_title_is_cut_and_says_so() -> None:
    title = to_document(spliced_report("x" * 10_000), CARD, CONTEXT).item.title
    assert title.endswith("… [5904 more characters]")


def test_ten_hours_make_json_of_every_segment() -> None:
    text = to_json(to_document(long_report(), CARD, CONTEXT))
    assert len(json.loads(text)["findings"]["segments"]) == 36_000


def test_terminal_sentence_says_what_was_found_and_how_strong() -> None:
    sentence = summary_sentence(to_document(steady_report(-3.0), CARD, CONTEXT))
    assert sentence.startswith("Evidence of synthesis was found in the voice.")
    assert "about 20 times more probable if the voice is synthetic" in sentence


@pytest.mark.parametrize("report", [spliced_report(), failed_report()], ids=["judged", "failed"])
def test_a_report_is_marked_as_not_reviewed(report: MediaReport) -> None:
    assert to_document(report, CARD, CONTEXT).review == "not_reviewed"
