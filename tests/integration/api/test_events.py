"""A job's events: one for each change, the last one when it is over, none for strangers."""

import json

import pytest
from sqlalchemy import Engine

from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from tests.integration.api.conftest import Browse

pytestmark = pytest.mark.postgres
JOB = {"sources": ["https://example.org/podcast.xml"]}


def test_a_job_that_is_over_says_so_and_ends_the_stream(browse: Browse, engine: Engine) -> None:
    client = browse("ada@example.org")
    job_id = client.post("/v1/jobs", json=JOB).json()["job_id"]
    queue = WorkQueue(engine)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.finish(listing)
    queue.tend()
    queue.close()
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert lines[0] == "event: over"
    assert json.loads(lines[1].removeprefix("data: "))["is_over"] is True


def test_another_accounts_events_are_not_there(browse: Browse) -> None:
    job_id = browse("ada@example.org").post("/v1/jobs", json=JOB).json()["job_id"]
    assert browse("bo@example.org").get(f"/v1/jobs/{job_id}/events").status_code == 404
