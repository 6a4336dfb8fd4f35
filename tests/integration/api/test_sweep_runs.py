"""Sweeps by API and pages: words and times before making one, digests, each run against the one before."""

import dataclasses
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.pages.words import page_words
from console.settings import ConsoleSettings
from jobs.sweep_clock import digest_ended
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import VerdictKind
from tests.integration.api.conftest import PASSWORD
from tests.integration.jobs.test_sweeps import run_jobs

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
SWEEP = {"cron": "30 6 * * 1-5", "timezone": "Asia/Seoul", "sources": ["https://example.org/f"]}


@pytest.fixture
def whole(context: ApiContext, tmp_path: Path) -> FastAPI:
    environ = {"VERITY_VAR": str(tmp_path), "VERITY_SIGN": "0"}
    known = dataclasses.replace(context, environment=ConsoleSettings(environ))
    return create_app(known, create_pages(known))


@pytest.fixture
def ada(whole: FastAPI) -> Iterator[TestClient]:
    with TestClient(whole) as client:
        client.post("/sign-up", data={"email": "ada@example.org", "password": PASSWORD})
        client.headers["x-csrf-token"] = client.get("/v1/me").json()["csrf"]
        yield client


def run_once(
    client: TestClient,
    engine: Engine,
    sweep_id: str,
    verdicts: list[VerdictKind],
    n_failed: int = 0,
) -> str:
    """Run a sweep to its digest; return the run's id."""
    run_id: str = client.post(f"/v1/sweeps/{sweep_id}/run").json()["run_id"]
    queue = WorkQueue(engine)
    run_jobs(queue, verdicts, n_failed)
    queue.close()
    digest_ended(engine)
    return run_id


def test_two_runs_are_compared_and_their_digests_read_as_json_pdf_and_feed(
    ada: TestClient, engine: Engine
) -> None:
    every = SWEEP | {"only_new": False}
    sweep_id = ada.post("/v1/sweeps", json=every).json()["sweep_id"]
    clean, synthetic = VerdictKind.NO_EVIDENCE, VerdictKind.SYNTHETIC
    first = run_once(ada, engine, sweep_id, [clean, clean], n_failed=1)
    second = run_once(ada, engine, sweep_id, [synthetic, clean, clean])
    runs = f"/v1/sweeps/{sweep_id}/runs"
    assert ada.get(f"{runs}/{first}/changes").json()["before_job_id"] is None
    found = ada.get(f"{runs}/{second}/changes").json()
    assert found["counts"] == {"verdict": 1, "recovered": 1, "same": 1}
    assert [(one["change"], one["before"], one["outcome"]) for one in found["changes"]] == [
        ("verdict", "no_evidence", "synthetic"),
        ("recovered", "failed", "no_evidence"),
    ]
    digest = ada.get(f"{runs}/{second}/digest.json").json()
    assert (digest["counts"]["synthetic"], digest["before"]["failed"]) == (1, 1)
    pdf = ada.get(f"{runs}/{second}/digest.pdf")
    assert pdf.content.startswith(b"%PDF-")
    feed = ada.get(f"/v1/sweeps/{sweep_id}/feed.rss").text
    assert feed.count("<item>") == 2
    page = html.unescape(ada.get(f"/sweeps/{sweep_id}/runs/{second}").text)
    words = page_words("en")
    assert words["change.verdict"] in page
    assert words["sweeps.compare_first"] in ada.get(f"/sweeps/{sweep_id}/runs/{first}").text
    assert words["sweeps.suspect"] in ada.get(f"/sweeps/{sweep_id}").text


def test_what_a_sweep_of_new_media_has_met_is_not_said_to_be_gone(
    ada: TestClient, engine: Engine
) -> None:
    sweep_id = ada.post("/v1/sweeps", json=SWEEP).json()["sweep_id"]
    run_once(ada, engine, sweep_id, [VerdictKind.NO_EVIDENCE])
    second = run_once(ada, engine, sweep_id, [VerdictKind.NO_EVIDENCE])
    found = ada.get(f"/v1/sweeps/{sweep_id}/runs/{second}/changes").json()
    assert (found["counts"], found["changes"]) == ({"not_again": 1}, [])
    page = ada.get(f"/sweeps/{sweep_id}/runs/{second}").text
    assert page_words("en")["sweeps.compare_only_new"] in page


def test_a_run_that_is_not_over_has_no_digest_yet_and_its_page_says_so(ada: TestClient) -> None:
    sweep_id = ada.post("/v1/sweeps", json=SWEEP).json()["sweep_id"]
    run_id = ada.post(f"/v1/sweeps/{sweep_id}/run").json()["run_id"]
    answer = ada.get(f"/v1/sweeps/{sweep_id}/runs/{run_id}/digest.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "digest_not_found")
    assert page_words("en")["sweeps.running"] in ada.get(f"/sweeps/{sweep_id}/runs/{run_id}").text


def test_another_accounts_runs_are_not_there(
    ada: TestClient, whole: FastAPI, context: ApiContext
) -> None:
    sweep_id = ada.post("/v1/sweeps", json=SWEEP).json()["sweep_id"]
    run_id = ada.post(f"/v1/sweeps/{sweep_id}/run").json()["run_id"]
    context.people.sign_up("bo@example.org", PASSWORD)
    with TestClient(whole) as bo:
        bo.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
        for path in (f"runs/{run_id}/changes", f"runs/{run_id}/digest.pdf", "feed.rss"):
            answer = bo.get(f"/v1/sweeps/{sweep_id}/{path}")
            missing = bo.get(f"/v1/sweeps/999999/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, missing.json()["code"])
        mine = bo.post(
            "/v1/sweeps", json=SWEEP, headers={"x-csrf-token": bo.get("/v1/me").json()["csrf"]}
        ).json()["sweep_id"]
        assert bo.get(f"/v1/sweeps/{mine}/runs/{run_id}/changes").status_code == 404


def test_a_schedule_is_said_in_words_with_five_times_before_anything_is_made(
    ada: TestClient,
) -> None:
    part = ada.get("/sweeps/preview", params={"cron": "30 6 * * 1-5", "timezone": "Asia/Seoul"})
    assert "Monday to Friday at 06:30 (Asia/Seoul)" in part.text
    assert len(re.findall(r"06:30 KST", part.text)) == 5
    wrong = ada.get("/sweeps/preview", params={"cron": "every day"})
    assert (wrong.status_code, "is no cron line" in wrong.text) == (200, True)


def test_the_list_says_when_and_what_came_of_it_in_the_readers_language(ada: TestClient) -> None:
    ada.cookies.set("verity_language", "ko")
    words = page_words("ko")
    assert words["sweeps.none"] in ada.get("/sweeps").text
    sweep_id = ada.post("/v1/sweeps", json=SWEEP).json()["sweep_id"]
    page = ada.get("/sweeps").text
    assert "월요일~금요일 06:30 (Asia/Seoul)" in page
    assert words["sweeps.no_digest"] in page
    assert words["sweeps.history_none"] in ada.get(f"/sweeps/{sweep_id}").text


def test_the_first_visit_explains_and_leads_on(ada: TestClient) -> None:
    words = page_words("en")
    page = html.unescape(ada.get("/").text)
    assert words["home.cannot_text"] in page
    assert words["home.begin_sweep"] in page
    ada.post("/v1/jobs", json={"sources": ["https://example.org/a.mp3"], "name": "Tuesday"})
    page = html.unescape(ada.get("/").text)
    assert (words["home.about"] in page, words["home.begin_sweep"] in page) == (True, False)
