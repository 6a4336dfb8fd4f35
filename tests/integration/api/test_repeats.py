"""Requests with an Idempotency-Key are done once, whoever else sends them at the time, and whatever dies."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text

from console.api.context import ApiContext
from console.api.principals import Principal
from console.api.repeats import once
from console.api.routes_jobs import JobBody, JobShown, shown
from console.people.roles import Role
from jobs.job_desk import submit_job
from jobs.spec import JobSpec
from pipeline.errors import DatabaseError
from tests.integration.api.conftest import Browse

pytestmark = pytest.mark.postgres
JOB = {"sources": ["https://example.org/podcast.xml"], "name": "Tuesday"}
SWEEP = {"sources": JOB["sources"], "cron": "@daily"}
KEY = {"idempotency-key": "tuesday-1"}


@pytest.fixture
def ada(browse: Browse) -> TestClient:
    return browse("ada@example.org")


def jobs_of(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/v1/jobs").json()["jobs"])


def test_a_submission_that_is_sent_twice_is_one_job(ada: TestClient, browse: Browse) -> None:
    first, second = (ada.post("/v1/jobs", json=JOB, headers=KEY).json() for _ in range(2))
    assert first == second
    assert len(jobs_of(ada)) == 1
    bo = browse("bo@example.org").post("/v1/jobs", json=JOB, headers=KEY)
    assert bo.json()["job_id"] != first["job_id"], "the key is the account's own"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/jobs", JOB | {"name": "Wednesday"}),
        ("/v1/jobs", JOB | {"cookies": ".a.test\tTRUE\t/\tTRUE\t0\tSID\tword\n"}),
        ("/v1/sweeps", SWEEP),
    ],
)
def test_a_key_is_good_for_one_request(ada: TestClient, path: str, body: dict[str, Any]) -> None:
    assert ada.post("/v1/jobs", json=JOB, headers=KEY).status_code == 201
    other = ada.post(path, json=body, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (409, "repeat_differs")
    assert ada.get("/v1/sweeps").json() == []
    assert len(jobs_of(ada)) == 1


def test_a_submission_that_failed_leaves_its_key_free(ada: TestClient) -> None:
    assert ada.put("/v1/accounts/default/quota", json={"items_a_day": 0}).status_code == 204
    assert ada.post("/v1/jobs", json=JOB, headers=KEY).status_code == 429
    assert ada.put("/v1/accounts/default/quota", json={}).status_code == 204
    assert ada.post("/v1/jobs", json=JOB, headers=KEY).status_code == 201


def test_equal_requests_at_once_are_one_job_and_answered_alike(ada: TestClient) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ada.post("/v1/jobs", json=JOB, headers=KEY), range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(jobs_of(ada)) == 1
    deeds = [one["what"] for one in ada.get("/v1/access").json()["deeds"]]
    assert deeds.count("job.submit") == 1


def test_a_sweep_and_a_form_that_are_sent_twice_are_one(ada: TestClient) -> None:
    sweeps = [ada.post("/v1/sweeps", json=SWEEP, headers=KEY).json() for _ in range(2)]
    assert sweeps[0] == sweeps[1]
    assert len(ada.get("/v1/sweeps").json()) == 1
    again = {"idempotency-key": "form"}

    def send(sound: bytes) -> Any:  # noqa: ANN401 (an answer)
        sent = {"file": ("a.wav", sound)}
        return ada.post("/v1/jobs/batch", data={"name": "both"}, files=sent, headers=again)

    assert send(b"one").json() == send(b"one").json()
    assert send(b"two").json()["code"] == "repeat_differs"
    assert len(jobs_of(ada)) == 1
    assert len(ada.get("/v1/uploads").json()["uploads"]) == 1, "what came again is not kept"


def test_a_server_that_dies_over_a_submission_leaves_neither_a_job_nor_its_key(
    ada: TestClient, context: ApiContext
) -> None:
    asking = Principal("default", Role.ADMIN, person_id=1)
    spec = JobSpec(sources=("https://example.org/podcast.xml",), name="Tuesday")

    def enter_and_die(connection: Connection) -> JobShown:
        entered = shown(submit_job(connection, spec, "default"))
        # what the database sees of a process that is gone
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return entered

    asked = JobBody.model_validate(JOB).to_text()
    with pytest.raises(DatabaseError):
        once(context, asking, KEY["idempotency-key"], asked, JobShown, enter_and_die)
    assert jobs_of(ada) == []
    assert ada.post("/v1/jobs", json=JOB, headers=KEY).status_code == 201
    assert len(jobs_of(ada)) == 1
