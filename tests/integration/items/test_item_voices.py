"""What people say of a finding: feedback is one word a person, an opinion is signed; neither changes it."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from console.api.context import ApiContext
from console.people.roles import Role
from jobs.retention import delete_item
from tests.integration.api.conftest import PASSWORD
from tests.integration.items.conftest import signed_in
from tests.integration.items.item_maker import finished_item
from tests.unit.reports.report_maker import failed_report, spliced_report

pytestmark = pytest.mark.postgres


def colleague(app: FastAPI, context: ApiContext, name: str, role: Role) -> TestClient:
    """Return a browser of somebody else in ada's account."""
    token = context.members.invite("default", f"{name}@example.org", role)
    context.people.sign_up(f"{name}@example.org", PASSWORD, name.title(), token)
    return signed_in(app, f"{name}@example.org")


def test_feedback_is_one_word_a_person_and_is_counted_by_finding(
    app: FastAPI, ada: TestClient, bo: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default")
    at = f"/v1/items/{claim.item_id}/feedback"
    eve = colleague(app, context, "eve", Role.ANALYST)
    ada.put(at, json={"opinion": "agree", "why": "<b>clear</b>"})
    eve.put(at, json={"opinion": "unsure"})
    found = ada.put(at, json={"opinion": "disagree", "why": "A telephone line."}).json()
    assert found["counts"] == {"agree": 0, "disagree": 1, "unsure": 1}
    own = [one for one in found["said"] if one["is_own"]]
    assert [(one["opinion"], one["why"], one["verdict"]) for one in own] == [
        ("disagree", "A telephone line.", "partly_synthetic")
    ]
    assert {"verdict": "partly_synthetic", "agree": 0, "disagree": 1, "unsure": 1} in ada.get(
        "/v1/feedback"
    ).json()
    assert bo.get("/v1/feedback").json() == []
    assert bo.put(at, json={"opinion": "agree"}).status_code == 404
    page = ada.get(f"/items/{claim.item_id}").text
    assert "A telephone line." in page
    assert ada.delete(at).status_code == 204
    assert ada.get(at).json()["counts"] == {"agree": 0, "disagree": 0, "unsure": 1}
    delete_item(context.engine, claim.item_id, "archivist")
    assert ada.get(at).json()["said"] == []


@pytest.mark.parametrize(
    "body", [{"opinion": "fake"}, {}, {"opinion": "agree", "why": "x" * 2_001}]
)
def test_feedback_that_is_none_is_refused(
    ada: TestClient, context: ApiContext, body: dict[str, str]
) -> None:
    claim = finished_item(context, "default")
    assert ada.put(f"/v1/items/{claim.item_id}/feedback", json=body).status_code == 422


def test_what_has_no_finding_has_no_feedback(ada: TestClient) -> None:
    job = ada.post("/v1/jobs", json={"sources": ["https://example.org/a.mp3"]}).json()
    item = ada.get(f"/v1/jobs/{job['job_id']}/items").json()["items"][0]["item_id"]
    answer = ada.put(f"/v1/items/{item}/feedback", json={"opinion": "agree"})
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")


def test_the_page_of_a_failed_item_asks_for_no_word_on_a_finding(
    ada: TestClient, context: ApiContext
) -> None:
    failed = finished_item(context, "default", failed_report()).item_id
    assert 'id="feedback"' not in ada.get(f"/items/{failed}").text
    judged = finished_item(context, "default", spliced_report()).item_id
    assert 'id="feedback"' in ada.get(f"/items/{judged}").text


def test_the_page_says_where_before_how_strongly_and_names_facts_as_reports_do(
    ada: TestClient, context: ApiContext
) -> None:
    page = ada.get(f"/items/{finished_item(context, 'default', spliced_report()).item_id}").text
    assert page.index("Marked: 0:12") < page.index("In the stretch that says most")
    assert "<dt>HTTP status</dt>" in page


def test_feedback_is_given_and_taken_back_on_the_page(ada: TestClient, context: ApiContext) -> None:
    claim = finished_item(context, "default")
    page, csrf = f"/items/{claim.item_id}", ada.headers["x-csrf-token"]
    hostile = "<script>alert(1)</script>"
    ada.post(f"{page}/feedback", data={"opinion": "unsure", "why": hostile, "csrf": csrf})
    shown = ada.get(page).text
    assert hostile not in shown
    assert "&lt;script&gt;alert(1)" in shown
    ada.post(f"{page}/feedback/remove", data={"csrf": csrf})
    assert "alert(1)" not in ada.get(page).text


def test_an_examiner_signs_an_opinion_that_makes_the_next_version(
    app: FastAPI, ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default")
    at = f"/v1/items/{claim.item_id}"
    analyst = colleague(app, context, "nan", Role.ANALYST)
    said = {"opinion": "disagree", "text": "Heard and measured: a telephone line."}
    assert analyst.post(f"{at}/opinions", json=said).status_code == 403
    before = ada.get(f"{at}/finding").json()
    answer = ada.post(f"{at}/opinions", json=said)
    assert answer.status_code == 201, answer.text
    [opinion] = answer.json()
    assert opinion["examiner"] == "Ada (ada@example.org)"
    assert opinion["jws"]
    after = ada.get(f"{at}/finding").json()
    assert (after["version"], after["is_reviewed"]) == (2, True)
    assert after["findings_sha256"] == before["findings_sha256"]
    assert after["summary"] == before["summary"]
    assert ada.get(f"{at}/report.v2-json").json()["review"] == "reviewed"
    assert ada.get(f"{at}/report.json").json()["review"] == "not_reviewed"
    page = ada.get(f"/items/{claim.item_id}").text
    assert "Heard and measured: a telephone line." in page
    assert ada.post(f"{at}/opinions", json={"opinion": "agree", "text": "  "}).status_code == 422
