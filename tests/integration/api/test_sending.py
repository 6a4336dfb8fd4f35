"""The Python client sends files over lines that break; unchanged answers and reports by link."""

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from console.api.app import create_app
from console.api.context import ApiContext
from console.client import Client
from console.people.roles import Role
from jobs.spec import ItemKind, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import LimitExceededError, SourceNotFoundError
from storage.kept_objects import put_object
from storage.objects import open_object_store
from storage.settings import StorageSettings
from tests.conftest import S3Server
from tests.integration.api.conftest import PASSWORD, Browse, serving
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.local_site import breaking_proxy

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
REPORT = b"%PDF-1.7 a report"


@pytest.fixture
def key(context: ApiContext) -> str:
    context.people.sign_up("ada@example.org", PASSWORD)
    return context.keys.make_key("default", "script", Role.ANALYST).key


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


def large_file(folder: Path, n_bytes: int = 20 << 20) -> Path:
    path = folder / "talk.wav"
    path.write_bytes(np.random.default_rng(1).bytes(n_bytes))
    return path


def test_a_file_arrives_whole_over_a_line_that_breaks(url: str, key: str, tmp_path: Path) -> None:
    path = large_file(tmp_path)
    target = url.removeprefix("http://")
    # each number: bytes after which the next connection ends
    breaks = [3 << 20, 9 << 20, 1000]
    with (
        breaking_proxy(target, [], breaks) as broken,
        Client(f"http://{broken}", key) as client,
    ):
        sent = client.upload(path)
    assert breaks == []
    assert sent.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sent.name == "talk.wav"


def test_a_script_sends_files_and_links_as_one_job(url: str, key: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.wav" for n in range(3)]
    for path in paths:
        path.write_bytes(path.name.encode())
    with Client(url, key) as client:
        job = client.submit_files(paths, ["https://media.example/feed"], "Tuesday")
        assert (job.counts.total, job.counts.listing) == (3, 1)
        assert {one.name for one in client.uploads()} == {"0.wav", "1.wav", "2.wav"}
        assert client.estimate(job.sources[:3]).n_items == 3
        lonely = client.upload(paths[0])
        client.remove_upload(lonely.upload_id)
        with pytest.raises(SourceNotFoundError):
            client.upload(paths[0], upload_id=lonely.upload_id)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    context: ApiContext, key: str, tmp_path: Path
) -> None:
    settings = context.settings.model_copy(update={"uploads_bytes": 1 << 20})
    app = create_app(dataclasses.replace(context, settings=settings))
    with serving(app) as url, Client(url, key) as client, pytest.raises(LimitExceededError) as full:
        client.upload(large_file(tmp_path, 2 << 20))
    assert full.value.code == "upload_room"


def reported_item(context: ApiContext) -> str:
    """Return the id of an item that has a report."""
    queue = WorkQueue(context.engine)
    make_job(queue, 1)
    (claim,) = queue.claim("worker", 1, ItemKind.MEDIA)
    kept = put_object(context.engine, context.objects, "default", REPORT, "application/pdf")
    file = ReportFile("pdf", kept.key, kept.sha256, kept.size_bytes, "r.pdf", "application/pdf")
    queue.finish(claim, make_result(claim, files=(file,)))
    queue.close()
    return claim.item_id


def test_what_has_not_changed_is_said_in_a_line(browse: Browse, context: ApiContext) -> None:
    client = browse("ada@example.org")
    item_id = reported_item(context)
    job_id = client.get(f"/v1/items/{item_id}").json()["job_id"]
    for path in (f"/v1/items/{item_id}", f"/v1/items/{item_id}/report.pdf", f"/v1/jobs/{job_id}"):
        first = client.get(path)
        tag = first.headers["etag"]
        again = client.get(path, headers={"if-none-match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = client.get(path, headers={"if-none-match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)
    with context.engine.begin() as connection:
        connection.execute(text("UPDATE job SET name = 'Wednesday'"))
    answer = client.get(f"/v1/jobs/{job_id}", headers={"if-none-match": tag})
    assert (answer.status_code, answer.json()["name"]) == (200, "Wednesday")


def test_a_tag_that_is_known_opens_no_other_accounts_report(
    browse: Browse, context: ApiContext
) -> None:
    browse("ada@example.org")
    item_id = reported_item(context)
    tag = f'"{hashlib.sha256(REPORT).hexdigest()}"'
    for wanted in (tag, "*"):
        answer = browse("bo@example.org").get(
            f"/v1/items/{item_id}/report.pdf", headers={"if-none-match": wanted}
        )
        assert answer.status_code == 404


@pytest.mark.s3
def test_a_report_is_given_by_a_link_to_s3(
    context: ApiContext, key: str, s3_server: S3Server
) -> None:
    place = {"VERITY_OBJECTS": f"s3://{s3_server.bucket}/objects"}
    store = open_object_store(StorageSettings.from_env(s3_server.environ | place))
    own = dataclasses.replace(context, objects=store)
    item_id = reported_item(own)
    with serving(create_app(own)) as url, Client(url, key) as client:
        link = client.report_link(item_id, "pdf")
        assert httpx.get(link, timeout=60).content == REPORT
        assert "vv_" not in link


def test_a_folder_has_no_links_and_gives_the_report_itself(
    browse: Browse, context: ApiContext
) -> None:
    client = browse("ada@example.org")
    item_id = reported_item(context)
    answer = client.get(f"/v1/items/{item_id}/report.pdf?presigned=1", follow_redirects=False)
    assert (answer.status_code, answer.content) == (200, REPORT)


def test_a_page_of_another_site_may_send_files_where_it_is_named(context: ApiContext) -> None:
    origin = "https://news.example.org"
    settings = context.settings.model_copy(update={"cors_origins": (origin,)})
    app = create_app(dataclasses.replace(context, settings=settings))
    asking = {
        "origin": origin,
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "tus-resumable,upload-offset,authorization",
    }
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.options("/v1/uploads/" + "0" * 32, headers=asking).status_code == 200
        said = client.options("/v1/uploads", headers={"origin": origin}).headers
    exposed = said["access-control-expose-headers"].replace(" ", "").lower().split(",")
    assert {"location", "upload-offset", "tus-resumable", "etag"} <= set(exposed)
