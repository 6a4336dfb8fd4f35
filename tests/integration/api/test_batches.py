"""Many files in one form, and what a job would be before it is submitted."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.receiving import PART_BYTES
from console.api.settings import ApiSettings
from console.people.desk import SignUp
from jobs.settings import JobsSettings
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from storage.egress_policy import EgressPolicy, parse_allow
from storage.objects import FolderStore, object_key
from storage.quota_rows import Quota
from storage.sealing import Sealer
from tests.integration.api.conftest import Browse
from tests.integration.api.upload_makers import TusSender
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.local_site import Answer, Asked, LocalSite, local_site

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Talks</title>{items}</channel></rss>"""
ITEM = '<item><title>{n}</title><guid>{n}</guid><enclosure url="{url}/{n}.mp3" length="{size}"/></item>'


def files_of(*contents: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("file", (name, content, "audio/wav")) for name, content in contents]


def test_a_form_of_files_and_links_is_one_job(browse: Browse, context: ApiContext) -> None:
    client = browse("ada@example.org")
    long = bytes(range(256)) * (3 * PART_BYTES // 1024)  # 3 MiB: the form's limit here is 4
    sent = files_of(("하나.wav", b"first"), ("b.wav", long), ("empty.wav", b""))
    said = {"link": "https://media.example/feed", "name": "Tuesday", "hop_s": "0.5"}
    answer = client.post("/v1/jobs/batch", files=sent, data=said)
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["name"], job["counts"]["total"], job["counts"]["listing"]) == ("Tuesday", 3, 1)
    items = client.get(f"/v1/jobs/{job['job_id']}/items").json()["items"]
    titles = [item["title"] for item in items if item["source_uri"].startswith("upload:")]
    assert titles == ["하나.wav", "b.wav", "empty.wav"]
    uploads = client.get("/v1/uploads").json()["uploads"]
    assert {one["sha256"] for one in uploads} >= {hashlib.sha256(long).hexdigest()}
    key = object_key("default", hashlib.sha256(b"first").hexdigest())
    assert context.objects.exists(key)


@pytest.mark.parametrize(
    ("said", "code"),
    [({"hop_s": "7"}, "request_invalid"), ({"sauces": "x"}, "request_invalid")],
)
def test_a_form_that_is_refused_leaves_no_file(
    browse: Browse, said: dict[str, str], code: str
) -> None:
    client = browse("ada@example.org")
    answer = client.post("/v1/jobs/batch", files=files_of(("a.wav", b"first")), data=said)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert client.get("/v1/uploads").json()["uploads"] == []
    assert client.get("/v1/jobs").json()["jobs"] == []


def test_a_form_that_breaks_off_is_no_job(browse: Browse) -> None:
    client = browse("ada@example.org")
    mark = uuid4().hex
    body = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nsound'
    headers = {"content-type": f"multipart/form-data; boundary={mark}"}
    answer = client.post("/v1/jobs/batch", content=body.encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "form_broken")
    assert client.get("/v1/uploads").json()["uploads"] == []
    other = client.post("/v1/jobs/batch", json={"sources": []})
    assert (other.status_code, other.json()["code"]) == (415, "form_expected")


def test_a_form_that_is_too_large_is_cut_off(browse: Browse) -> None:
    client = browse("ada@example.org")
    sent = files_of(("a.wav", bytes(5 << 20)))
    assert client.post("/v1/jobs/batch", files=sent).status_code == 413


def listed_site(site: LocalSite, n_items: int) -> str:
    items = "".join(ITEM.format(n=n, url=site.url(""), size=1000) for n in range(n_items))
    site.answers["/feed.xml"] = Answer(FEED.format(items=items).encode(), "application/rss+xml")
    return site.url("/feed.xml")


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        yield site


@pytest.fixture
def context(engine: Engine, tmp_path: Path, site: LocalSite) -> Iterator[ApiContext]:
    jobs = JobsSettings(
        sealer=Sealer(SecretStr("ab" * 32)), egress=EgressPolicy(parse_allow(site.host))
    )
    settings = ApiSettings(sign_up=SignUp.OPEN, upload_bytes=4 << 20)
    with open_examining(jobs, tmp_path / "temp") as examining:
        yield ApiContext(settings, engine, FolderStore(tmp_path / "objects"), jobs, examining)


def end_items(context: ApiContext, n_items: int) -> None:
    """Let a fleet end some items of a job."""
    queue = WorkQueue(context.engine)
    make_job(queue, n_items)
    for claim in queue.claim("worker", n_items, ItemKind.MEDIA):
        queue.finish(claim, make_result(claim))
    queue.tend()
    queue.close()


def test_an_estimate_counts_items_and_bytes(browse: Browse, site: LocalSite) -> None:
    client = browse("ada@example.org")
    sources = [listed_site(site, 7), TusSender(client).whole(b"12345")]
    found = client.post("/v1/jobs/estimate", json={"sources": sources}).json()
    assert (found["n_items"], found["is_all"], found["n_sized"]) == (8, True, 8)
    assert found["n_bytes"] == 7 * 1000 + 5
    assert found["minutes"] is None  # nothing ended of late
    assert client.get("/v1/jobs").json()["jobs"] == []


def test_an_estimate_ends_at_its_number_of_items(browse: Browse, site: LocalSite) -> None:
    client = browse("ada@example.org")
    body = {"sources": [listed_site(site, 50)], "most_items": 20}
    found = client.post("/v1/jobs/estimate", json=body).json()
    assert (found["n_items"], found["is_all"]) == (20, False)


def test_an_estimate_ends_when_its_time_is_over(browse: Browse, site: LocalSite) -> None:
    client = browse("ada@example.org")
    let_go = threading.Event()

    def hang(_: Asked) -> Answer:
        let_go.wait(60)
        return Answer(b"late", "text/plain")

    site.answers["/slow"] = hang
    body = {"sources": [site.url("/slow")], "seconds": 0.5}
    found = client.post("/v1/jobs/estimate", json=body).json()
    was_answered_first = not let_go.is_set()
    let_go.set()
    assert was_answered_first
    assert (found["n_items"], found["is_all"]) == (0, False)


def test_an_estimate_names_what_cannot_be_listed_and_counts_the_rest(
    browse: Browse, site: LocalSite
) -> None:
    client = browse("ada@example.org")
    sources = ["http://169.254.169.254/latest/meta-data/", listed_site(site, 3)]
    found = client.post("/v1/jobs/estimate", json={"sources": sources}).json()
    assert [(one["source"], one["code"]) for one in found["problems"]] == [
        (sources[0], "egress_refused")
    ]
    assert found["n_items"] == 3


def test_an_estimate_tells_minutes_by_the_fleets_pace(
    browse: Browse, context: ApiContext, site: LocalSite
) -> None:
    client = browse("ada@example.org")
    end_items(context, 6)
    body = {"sources": [listed_site(site, 12)]}
    minutes = client.post("/v1/jobs/estimate", json=body).json()["minutes"]
    assert 0 < minutes < 60


def test_an_estimate_tells_what_quotas_would_leave(browse: Browse, context: ApiContext) -> None:
    client = browse("ada@example.org")
    context.quota.set_quota(Quota(items_a_day=5, stored_bytes=1_000), "default")
    body = {"sources": [TusSender(client).whole(b"x" * 100)], "n_files": 6, "file_bytes": 850}
    found = client.post("/v1/jobs/estimate", json=body).json()
    left = {one["resource"]: one["left"] for one in found["quota"]}
    assert left == {"items": 5 - 7, "stored_bytes": 1_000 - 100 - 850}


def test_an_estimate_passes_the_same_gates_as_a_job(browse: Browse) -> None:
    client = browse("ada@example.org")
    for source in ("/etc/passwd", "s3://other/prefix", "upload:" + "0" * 32):
        estimated = client.post("/v1/jobs/estimate", json={"sources": [source]})
        submitted = client.post("/v1/jobs", json={"sources": [source]})
        assert estimated.status_code == submitted.status_code >= 400
        assert estimated.json()["code"] == submitted.json()["code"]
