"""What belongs to another account is not there, on every route that names it."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from console.api.context import ApiContext
from jobs.source_options import Login, SourceOptions
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from tests.integration.api.conftest import Browse
from tests.integration.api.upload_makers import TusSender

pytestmark = pytest.mark.postgres
JOB = {"sources": ["https://example.org/podcast.xml"], "name": "Tuesday"}


def test_a_job_is_submitted_watched_and_cancelled(browse: Browse) -> None:
    client = browse("ada@example.org")
    job = client.post("/v1/jobs", json=JOB).json()
    assert (job["state"], job["counts"]["listing"]) == ("listing", 1)
    assert [one["job_id"] for one in client.get("/v1/jobs").json()["jobs"]] == [job["job_id"]]
    assert client.post(f"/v1/jobs/{job['job_id']}/cancel").json()["state"] == "cancelled"


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc/passwd", "./media", "gopher://x"])
def test_only_the_operators_command_line_reads_local_files(browse: Browse, source: str) -> None:
    answer = browse("ada@example.org").post("/v1/jobs", json={"sources": [source]})
    assert answer.status_code in {403, 422}, answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/jobs/{job}"),
        ("GET", "/v1/jobs/{job}/items"),
        ("GET", "/v1/jobs/{job}/report.pdf"),
        ("POST", "/v1/jobs/{job}/cancel"),
        ("POST", "/v1/jobs/{job}/pause"),
        ("POST", "/v1/jobs/{job}/resume"),
        ("POST", "/v1/jobs/{job}/retry"),
        ("GET", "/v1/items/{item}"),
        ("GET", "/v1/items/{item}/attempts"),
        ("GET", "/v1/items/{item}/report.json"),
        ("GET", "/v1/items/{item}/finding"),
        ("GET", "/v1/items/{item}/timeline"),
        ("GET", "/v1/items/{item}/segments"),
        ("GET", "/v1/items/{item}/spans.csv"),
        ("GET", "/v1/items/{item}/sound"),
        ("GET", "/v1/items/{item}/sound.wav"),
        ("GET", "/v1/items/{item}/media"),
        ("GET", "/v1/items/{item}/waveform"),
        ("GET", "/v1/items/{item}/spectrogram.png"),
        ("GET", "/v1/items/{item}/like"),
        ("GET", "/v1/items/{item}/same-bytes"),
        ("GET", "/v1/items/{item}/opinions"),
        ("GET", "/v1/items/{item}/feedback"),
        ("DELETE", "/v1/items/{item}/feedback"),
        ("GET", "/v1/sweeps/{sweep}"),
        ("GET", "/v1/sweeps/{sweep}/runs"),
        ("POST", "/v1/sweeps/{sweep}/pause"),
        ("POST", "/v1/sweeps/{sweep}/resume"),
        ("POST", "/v1/sweeps/{sweep}/run"),
        ("DELETE", "/v1/sweeps/{sweep}"),
        ("DELETE", "/v1/subscriptions/{subscription}"),
        ("DELETE", "/v1/keys/{key}"),
        ("GET", "/v1/uploads/{upload}"),
        ("PATCH", "/v1/uploads/{upload}"),
        ("DELETE", "/v1/uploads/{upload}"),
    ],
)
def test_another_accounts_things_are_not_there(browse: Browse, method: str, path: str) -> None:
    owner, other = browse("ada@example.org"), browse("bo@example.org")
    ids = make_things(owner)
    answer = other.request(method, path.format(**ids))
    assert answer.status_code == 404, answer.text
    assert "Tuesday" not in answer.text
    missing = other.request(method, path.format(**dict.fromkeys(ids, "999999")))
    assert missing.status_code == 404
    assert missing.json()["code"] == answer.json()["code"]


def make_things(client: TestClient) -> dict[str, str]:
    """Make one of each thing; return their ids."""
    job = client.post("/v1/jobs", json=JOB).json()["job_id"]
    sweep = client.post("/v1/sweeps", json={"cron": "@daily", "sources": JOB["sources"]}).json()
    target = {"target": "https://example.org/hook", "events": ["job.done"]}
    subscription = client.post("/v1/subscriptions", json=target).json()
    key = client.post("/v1/keys", json={"name": "k"}).json()
    items = client.get(f"/v1/jobs/{job}/items").json()["items"]
    return {
        "job": job,
        "item": items[0]["item_id"],
        "sweep": sweep["sweep_id"],
        "subscription": subscription["subscription_id"],
        "key": key["key_id"],
        "upload": TusSender(client).begin(10).rsplit("/", 1)[-1],
    }


def test_a_submission_that_is_sent_twice_is_one_job(browse: Browse) -> None:
    client = browse("ada@example.org")
    headers = {"idempotency-key": "tuesday-1"}
    first, second = (client.post("/v1/jobs", json=JOB, headers=headers).json() for _ in range(2))
    assert first == second
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1
    other = client.post("/v1/jobs", json=JOB | {"name": "Wednesday"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "repeat_differs")
    bo = browse("bo@example.org").post("/v1/jobs", json=JOB, headers=headers)
    assert bo.json()["job_id"] != first["job_id"]


def test_a_submission_that_failed_leaves_its_key_free(browse: Browse) -> None:
    client = browse("ada@example.org")
    headers = {"idempotency-key": "tuesday-1"}
    assert client.post("/v1/jobs", json={"sources": []}, headers=headers).status_code == 422
    assert client.post("/v1/jobs", json=JOB, headers=headers).status_code == 201


COOKIES = ".a.test\tTRUE\t/\tTRUE\t0\tSID\tsecretword\n"


def test_a_job_s_cookies_are_sealed_for_its_worker_and_shown_to_nobody(
    browse: Browse, context: ApiContext
) -> None:
    client = browse("ada@example.org")
    body = JOB | {"sources": ["https://a.test/watch"], "cookies": COOKIES, "login": "first"}
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 201, answer.text
    with context.engine.connect() as connection:
        kept = str(connection.execute(text("SELECT s::text FROM source_secret s")).all())
    queue = WorkQueue(context.engine, may_listen=False)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.close()
    options = SourceOptions.from_facts(listing.facts)
    opened = context.jobs_settings.sealer.open(
        listing.sealed[options.cookies_id], options.cookies_id
    )
    assert opened.endswith(COOKIES)
    assert options.login is Login.FIRST
    for said in (answer.text, client.get("/v1/jobs").text, kept, str(listing)):
        assert "secretword" not in said


@pytest.mark.parametrize("cookies", ["", "SID=secretword", "secretword\n" * 200_000])
def test_cookies_of_another_form_are_refused_without_their_words(
    browse: Browse, cookies: str
) -> None:
    answer = browse("ada@example.org").post("/v1/jobs", json=JOB | {"cookies": cookies})
    assert answer.status_code in {413, 422}
    assert "secretword" not in answer.text
