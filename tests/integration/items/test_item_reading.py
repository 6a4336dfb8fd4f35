"""An item second by second by the API: the words of the report, and answers that stay small."""

import json

import pytest
from fastapi.testclient import TestClient

from console.api.context import ApiContext
from pipeline.vocabulary import VerdictKind
from reports.as_json import from_json
from storage.kept_objects import get_object
from tests.integration.items.item_maker import finished_item
from tests.unit.reports.report_maker import long_report, not_applicable_report

pytestmark = pytest.mark.postgres


def test_the_finding_says_what_the_first_page_of_the_report_says(
    ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default")
    key = next(
        file.key for file in context.desk.item_status(claim.item_id).files if file.kind == "json"
    )
    document = from_json(get_object(context.objects, key))
    said = ada.get(f"/v1/items/{claim.item_id}/finding").json()
    assert said["summary"] == document.summary.model_dump(mode="json")
    assert said["verdict"]["kind"] == VerdictKind.PARTLY_SYNTHETIC
    assert said["findings_sha256"] == document.findings_sha256
    assert (said["end_s"], said["n_segments"], said["version"]) == (60.0, 60, 1)
    korean = ada.get(f"/v1/items/{claim.item_id}/finding?language=ko").json()
    assert korean["summary"]["headline"] != said["summary"]["headline"]


def test_the_timeline_has_the_seconds_of_the_report_and_its_marked_stretches(
    ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default")
    shown = ada.get(f"/v1/items/{claim.item_id}/timeline").json()
    assert (shown["cell_s"], shown["n_cells"], len(shown["lanes"])) == (1.0, 60, 1)
    lane = shown["lanes"][0]
    assert lane["level"][0] is None
    assert lane["reason"][0] == "silence"
    assert lane["level"][14] < 0 < lane["level"][5]
    assert [(span["start_s"], span["end_s"]) for span in shown["spans"]] == [(12, 19), (40, 46)]
    part = ada.get(f"/v1/items/{claim.item_id}/timeline?from_s=10&to_s=20").json()
    assert part["lanes"][0]["llr"] == lane["llr"][10:20]
    assert [span["start_s"] for span in part["spans"]] == [12]


def test_segments_come_in_words_and_by_pages(ada: TestClient, context: ApiContext) -> None:
    claim = finished_item(context, "default")
    page = ada.get(f"/v1/items/{claim.item_id}/segments?from_s=10&to_s=14").json()
    assert [row["start_s"] for row in page["rows"]] == [10, 11, 12, 13]
    assert page["next_s"] is None
    assert "synthetic" in page["rows"][3]["words"]
    silent = ada.get(f"/v1/items/{claim.item_id}/segments?from_s=0&to_s=1").json()["rows"][0]
    assert (silent["llr"], silent["level"], silent["reason"]) == (None, None, "silence")
    assert silent["words"]
    band = ada.get(f"/v1/items/{claim.item_id}/segments?from_s=50&to_s=51").json()["rows"][0]
    assert band["quality_words"] == ["telephone band"]


def test_ten_hours_are_answered_in_small_parts(ada: TestClient, context: ApiContext) -> None:
    claim = finished_item(context, "default", long_report())
    whole = ada.get(f"/v1/items/{claim.item_id}/timeline?cells=600")
    assert whole.json()["n_cells"] <= 601
    assert len(whole.content) < 40_000
    seen, at = 0, 0.0
    for _ in range(3):
        page = ada.get(f"/v1/items/{claim.item_id}/segments?from_s={at}&most=400").json()
        assert len(page["rows"]) == 400
        seen, at = seen + len(page["rows"]), page["next_s"]
    assert (seen, at) == (1_200, 1_200)
    refused = ada.get(f"/v1/items/{claim.item_id}/segments?most=36000")
    assert refused.status_code == 422


def test_what_is_not_applicable_says_why_and_has_grey_cells(
    ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default", not_applicable_report())
    said = ada.get(f"/v1/items/{claim.item_id}/finding").json()
    assert said["verdict"]["kind"] == "not_applicable"
    assert (said["level"], said["generator"]) == (None, "")
    assert said["summary"]["detail"]
    lane = ada.get(f"/v1/items/{claim.item_id}/timeline").json()["lanes"][0]
    assert set(lane["level"]) == {None}
    assert set(lane["reason"]) == {"music"}


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("csv", b"report_id,title"),
        ("textgrid", b'File type = "ooTextFile"'),
        ("audacity", b"12.000000\t19.000000"),
        ("webvtt", b"WEBVTT"),
    ],
)
def test_marked_stretches_are_handed_to_other_programs(
    ada: TestClient, context: ApiContext, form: str, begins: bytes
) -> None:
    claim = finished_item(context, "default")
    answer = ada.get(f"/v1/items/{claim.item_id}/spans.{form}")
    assert answer.content.startswith(begins)
    assert "attachment" in answer.headers["content-disposition"]
    assert ada.get(f"/v1/items/{claim.item_id}/spans.exe").status_code == 404


@pytest.mark.parametrize(
    "asked", ["from_s=nan", "from_s=-1", "from_s=inf", "cells=0", "cells=9999"]
)
def test_stretches_that_are_none_are_refused(
    ada: TestClient, context: ApiContext, asked: str
) -> None:
    claim = finished_item(context, "default")
    assert ada.get(f"/v1/items/{claim.item_id}/timeline?{asked}").status_code == 422


def test_an_item_without_a_report_says_so(ada: TestClient) -> None:
    job = ada.post("/v1/jobs", json={"sources": ["https://example.org/a.mp3"]}).json()
    item = ada.get(f"/v1/jobs/{job['job_id']}/items").json()["items"][0]["item_id"]
    answer = ada.get(f"/v1/items/{item}/finding")
    assert (answer.status_code, answer.json()["code"]) == (404, "report_not_found")
    assert json.loads(answer.text)["detail"]
