"""The report of a job by the API: all its files, signatures that fit, and a job in every state."""

import dataclasses
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.job_shelf import MOST_OF_ACCOUNT
from console.client import Client
from console.people.roles import Role
from console.settings import ConsoleSettings
from jobs.archive import archive_old_items
from jobs.spec import ItemKind, JobSpec
from jobs.work_queue import WorkQueue
from pipeline.errors import SourceNotFoundError
from reports.archive_checks import check_archive
from reports.job_verification import check_job_report, open_job_report
from reports.signer_checks import KnownSigners, Outcome
from reports.time_stamps import read_stamp
from tests.integration.api.conftest import PASSWORD, Browse, serving
from tests.integration.items.item_maker import finish_item
from tests.integration.jobs.queue_makers import CORRUPT, make_job
from tests.local_authority import local_authority
from tests.unit.reports.report_maker import steady_report

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


@pytest.fixture
def context(context: ApiContext, tmp_path: Path) -> ApiContext:
    """Give desks whose keys lie in the test's folder."""
    own = ConsoleSettings({"VERITY_VAR": str(tmp_path / "var")})
    return dataclasses.replace(context, environment=own)


@pytest.fixture
def signers(context: ApiContext) -> KnownSigners:
    return KnownSigners(context.environment.storage.keys)


@pytest.fixture
def queue(context: ApiContext) -> Iterator[WorkQueue]:
    queue = WorkQueue(context.engine, may_listen=False)
    yield queue
    queue.close()


@pytest.fixture
def ada(browse: Browse) -> TestClient:
    """Give the browser of the first person, whose account is `default`."""
    return browse("ada@example.org")


def ended_job(context: ApiContext, queue: WorkQueue, n_open: int = 0) -> str:
    """Return a job of one finding and one failure, and of items that wait."""
    job_id = make_job(queue, 2 + n_open).job_id
    found, failed = queue.claim("worker", limit=2)
    finish_item(context, queue, found, steady_report(-3.1))
    queue.fail(failed, CORRUPT)
    queue.tend()
    return job_id


def said_of(client: TestClient, job_id: str) -> dict[str, int]:
    answer = client.get(f"/v1/jobs/{job_id}/report.json")
    assert answer.status_code == 200, answer.text
    return counts_of(answer.json())


def counts_of(report: dict[str, Any]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in report["tallies"]:
        counts[row["verdict"] or row["state"]] += row["n_items"]
    return dict(counts)


def test_every_file_is_given_with_its_name_and_its_signature_holds(
    ada: TestClient, context: ApiContext, queue: WorkQueue, signers: KnownSigners, tmp_path: Path
) -> None:
    job_id = ended_job(context, queue)
    for kind in ("json", "xlsx", "csv"):
        for ending in (kind, f"{kind}.jws"):
            answer = ada.get(f"/v1/jobs/{job_id}/report.{ending}")
            assert answer.status_code == 200, answer.text
            assert f'filename="verity-{job_id}.{ending}"' in answer.headers["content-disposition"]
            assert int(answer.headers["content-length"]) == len(answer.content)
            (tmp_path / f"verity-{job_id}.{ending}").write_bytes(answer.content)
    opened = open_job_report(tmp_path / f"verity-{job_id}.json")
    assert opened is not None
    jws = (tmp_path / f"verity-{job_id}.json.jws").read_bytes()
    checks = list(check_job_report(opened, jws, signers))
    assert {check.outcome for check in checks} >= {Outcome.HOLDS}
    assert Outcome.FAILS not in {check.outcome for check in checks}, checks
    (tmp_path / "verity.pdf").write_bytes(ada.get(f"/v1/jobs/{job_id}/report.pdf").content)
    pdf = open_job_report(tmp_path / "verity.pdf")
    assert pdf is not None
    assert pdf.report_id == opened.report_id, "one writing"


def test_a_file_that_is_known_is_not_sent_again_and_each_sending_is_written_down(
    ada: TestClient, context: ApiContext, queue: WorkQueue
) -> None:
    job_id = ended_job(context, queue)
    path = f"/v1/jobs/{job_id}/report.csv"
    tag = ada.get(path, params={"language": "ko"}).headers["etag"]
    again = ada.get(path, params={"language": "ko"}, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    deeds = ada.get("/v1/access").json()["deeds"]
    assert [one["target"] for one in deeds if one["what"] == "report.read"] == [f"job:{job_id}.csv"]


def test_a_signature_is_refused_of_a_file_that_this_server_did_not_write_last(
    ada: TestClient, context: ApiContext, queue: WorkQueue
) -> None:
    job_id = ended_job(context, queue)
    tag = ada.get(f"/v1/jobs/{job_id}/report.json").headers["etag"].strip('"')
    path = f"/v1/jobs/{job_id}/report.json.jws"
    assert ada.get(path, params={"of": tag}).status_code == 200
    other = ada.get(path, params={"of": "0" * 64})
    assert (other.status_code, other.json()["code"]) == (404, "report_not_found")


def test_a_running_job_s_report_tells_of_what_is_there_and_is_written_anew_when_more_is(
    ada: TestClient, context: ApiContext, queue: WorkQueue
) -> None:
    job_id = ended_job(context, queue, n_open=2)
    assert said_of(ada, job_id) == {"synthetic": 1, "failed": 1, "ready": 2}
    (claim,) = queue.claim("worker")
    queue.fail(claim, CORRUPT)
    assert said_of(ada, job_id) == {"synthetic": 1, "failed": 2, "ready": 1}


def test_jobs_that_are_listed_empty_or_cancelled_have_a_report(
    ada: TestClient, queue: WorkQueue
) -> None:
    listed = queue.desk.submit(JobSpec(sources=("https://media.example/feed",)))
    assert said_of(ada, listed.job_id) == {}
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.finish(listing)
    queue.tend()
    assert said_of(ada, listed.job_id) == {}
    cancelled = make_job(queue, 2)
    queue.desk.cancel(cancelled.job_id)
    assert said_of(ada, cancelled.job_id) == {"cancelled": 2}
    assert ada.get(f"/v1/jobs/{cancelled.job_id}/report.pdf").content.startswith(b"%PDF-")


def test_an_archived_job_has_the_report_that_it_had(
    ada: TestClient, context: ApiContext, queue: WorkQueue
) -> None:
    job_id = ended_job(context, queue)
    before = said_of(ada, job_id)
    assert archive_old_items(context.engine, age_s=0) == 3  # and its listing
    again = ada.get(f"/v1/jobs/{job_id}/report.json", params={"paper": "us-letter"})
    assert counts_of(again.json()) == before


def test_readers_who_leave_are_in_nobody_s_way(
    app: FastAPI, context: ApiContext, queue: WorkQueue
) -> None:
    context.people.sign_up("ada@example.org", PASSWORD)
    key = context.keys.make_key("default", "script", Role.READER).key
    job_id = ended_job(context, queue)
    with serving(app) as url, httpx.Client(headers={"authorization": f"Bearer {key}"}) as reader:
        path = f"{url}/v1/jobs/{job_id}/report.pdf"
        for _ in range(MOST_OF_ACCOUNT + 2):
            with reader.stream("GET", path, timeout=60) as left:
                assert left.status_code == 200
        assert reader.get(path, timeout=60).content.startswith(b"%PDF-")


def test_files_are_stamped_where_the_installation_stamps(
    context: ApiContext, queue: WorkQueue, tmp_path: Path
) -> None:
    with local_authority(tmp_path / "authority") as authority:
        environ = {
            "VERITY_VAR": str(tmp_path / "var"),
            "VERITY_STAMP": "1",
            "VERITY_STAMP_AUTHORITIES": authority.url,
            "VERITY_FETCH_ALLOW": authority.url.split("/")[2],
        }
        stamping = dataclasses.replace(context, environment=ConsoleSettings(environ))
        context.people.sign_up("ada@example.org", PASSWORD)
        key = context.keys.make_key("default", "script", Role.READER).key
        job_id = ended_job(context, queue)
        with TestClient(create_app(stamping), headers={"authorization": f"Bearer {key}"}) as ada:
            answer = ada.get(f"/v1/jobs/{job_id}/report.json.jws.tsr")
            assert answer.status_code == 200, answer.text
            token = ada.get(f"/v1/jobs/{job_id}/report.json.jws").content
    assert read_stamp(answer.content, token, ()) is not None


@pytest.mark.parametrize(
    ("wishes", "status", "code"),
    [
        ({"against": "999999"}, 404, "job_not_found"),
        ({"language": "xx"}, 422, "language_unknown"),
        ({"paper": "a3"}, 422, "request_invalid"),
    ],
)
def test_wishes_that_cannot_be_met_are_said_before_anything_is_written(
    ada: TestClient, queue: WorkQueue, wishes: dict[str, str], status: int, code: str
) -> None:
    job = make_job(queue, 1)
    answer = ada.get(f"/v1/jobs/{job.job_id}/report.pdf", params=wishes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_another_account_s_job_is_not_compared_with(
    ada: TestClient, browse: Browse, queue: WorkQueue
) -> None:
    bo = browse("bo@example.org")
    theirs = bo.post("/v1/jobs", json={"sources": ["https://example.org/a.mp3"]}).json()["job_id"]
    own = ada.post("/v1/jobs", json={"sources": ["https://example.org/a.mp3"]}).json()["job_id"]
    answer = ada.get(f"/v1/jobs/{own}/report.csv", params={"against": theirs})
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    missing = ada.get(f"/v1/jobs/{own}/report.csv", params={"against": "999999"})
    assert missing.json()["detail"].replace("999999", theirs) == answer.json()["detail"]


def test_the_client_fetches_the_zip_which_verifies_with_its_items(
    app: FastAPI, context: ApiContext, queue: WorkQueue, signers: KnownSigners, tmp_path: Path
) -> None:
    context.people.sign_up("ada@example.org", PASSWORD)
    key = context.keys.make_key("default", "script", Role.READER).key
    job_id = ended_job(context, queue)
    with serving(app) as url, Client(url, key) as verity:
        path = verity.download_job(job_id, "zip", tmp_path / "all.zip")
        with pytest.raises(SourceNotFoundError):
            verity.download_job("999999", "zip", tmp_path / "none.zip")
    checks = list(check_archive(path, signers))
    assert Outcome.FAILS not in {check.outcome for check in checks}, checks
    assert sorted(one.name for one in tmp_path.glob("*.zip*")) == ["all.zip"]
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert {f"verity-{job_id}.pdf", f"verity-{job_id}.json.jws", "SHA256SUMS"} <= names
    assert any(re.fullmatch(rf"verity-{job_id}-\d+\.json", name) for name in names), names
