"""The Python client and the manual's curl lines, against a real server."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from console.api.context import ApiContext
from console.api.job_options import JobOptions
from console.api.routes_jobs import JobWishes, PriorityName
from console.client import Client
from console.people.roles import Role
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from pipeline.errors import AccessError, InputError, OutageError, SourceNotFoundError
from tests.integration.api.conftest import PASSWORD, serving
from tests.makers import SAMPLE_RATE, synthetic_sample, wav_bytes

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
SOURCES = ["https://example.org/podcast.xml"]
MANUAL = Path(__file__).parents[3] / "docs" / "console.md"


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def key(context: ApiContext) -> str:
    context.people.sign_up("ada@example.org", PASSWORD)
    return context.keys.make_key("default", "script", Role.ANALYST).key


@pytest.fixture
def client(url: str, key: str) -> Iterator[Client]:
    with Client(url, key) as client:
        yield client


def test_a_script_submits_watches_and_reads(client: Client, context: ApiContext) -> None:
    assert client.me().role is Role.ANALYST
    job = client.submit(SOURCES, "Tuesday", idempotency_key="tuesday-1")
    assert client.submit(SOURCES, "Tuesday", idempotency_key="tuesday-1").job_id == job.job_id
    assert [one.job_id for one in client.jobs()] == [job.job_id]
    assert [one.source_uri for one in client.items(job.job_id)] == SOURCES
    assert client.pause(job.job_id).is_paused
    assert not client.resume(job.job_id).is_paused

    def list_nothing() -> None:
        queue = WorkQueue(context.engine)
        (listing,) = queue.claim("lister", kind=ItemKind.LIST)
        queue.finish(listing)
        queue.tend()
        queue.close()

    worker = threading.Timer(1.0, list_nothing)
    worker.start()
    assert client.wait(job.job_id, 60).is_over
    worker.join()
    assert sum(day.n_requests for day in client.usage().days) >= 8  # midnight may have passed


def test_a_file_is_answered_at_once(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(wav_bytes(synthetic_sample(), SAMPLE_RATE))
    found = client.predict(path)
    assert found.title == "talk.wav"
    assert found.verdict is not None
    assert found.segments


def test_sweeps_are_made_run_and_removed(client: Client) -> None:
    sweep = client.add_sweep("@daily", SOURCES, "Morning")
    assert [one.sweep_id for one in client.sweeps()] == [sweep.sweep_id]
    assert client.run_sweep(sweep.sweep_id).job_id
    client.remove_sweep(sweep.sweep_id)
    assert client.sweeps() == []


def test_a_script_says_how_a_job_is_done(client: Client, context: ApiContext) -> None:
    cookies = SecretStr("# Netscape HTTP Cookie File\n.example.org\tTRUE\t/\tTRUE\t0\ta\tword\n")
    wishes = JobWishes(priority=PriorityName.LIVE, keep_media_days=3, cookies=cookies, fresh=True)
    job = client.submit(SOURCES, wishes=wishes)
    assert job.priority is PriorityName.LIVE
    sweep = client.add_sweep("@daily", SOURCES, options=JobOptions(cookies=cookies, clips=True))
    with context.engine.connect() as connection:
        kept = connection.execute(text("SELECT job_id FROM source_secret ORDER BY created_at"))
        assert list(kept.scalars()) == [int(job.job_id), None]
        days = connection.scalar(text("SELECT keep_media_days FROM job"))
    assert days == 3
    client.remove_sweep(sweep.sweep_id)


def test_errors_are_ours_with_the_problems_code(client: Client, url: str, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError) as missing:
        client.job("999999")
    assert missing.value.code == "job_not_found"
    with pytest.raises(InputError) as local:
        client.submit(["gopher://x"])
    assert local.value.code
    with pytest.raises(SourceNotFoundError):
        client.download("999999", "pdf", tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()
    with Client(url, "vv_0_wrong") as stranger, pytest.raises(AccessError) as wrong:
        stranger.me()
    assert wrong.value.code == "sign_in_needed"
    with Client("http://127.0.0.1:1", "k") as nobody, pytest.raises(OutageError) as silent:
        nobody.me()
    assert silent.value.code == "server_silent"


def test_the_manuals_curl_lines_work(url: str, key: str, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    (tmp_path / "speech.mp3").write_bytes(wav_bytes(synthetic_sample(), SAMPLE_RATE))
    lines = re.findall(r"^    (curl .*)$", MANUAL.read_text("utf-8"), re.MULTILINE)
    assert len(lines) >= 4
    codes = []
    for line in lines:
        script = line.replace("http://127.0.0.1:8080", url)
        script = script.replace("curl ", f"{curl} -sS -w '%{{stderr}}%{{http_code}}' ", 1)
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=tmp_path,
            env={"KEY": key, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        codes.append((line, done.stderr[-3:]))
    # job 17 and item 4711 are somebody else's: the routes are there, the things are not
    assert [code for _, code in codes] == [
        *("200", "201", "404", "404", "404", "404"),
        *("200", "201", "201", "201"),
    ], codes


def test_the_manuals_python_lines_are_right() -> None:
    code = re.findall(r"```python\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    assert code
    for one in code:
        compile(one, "console.md", "exec")
    done = subprocess.run([sys.executable, "-c", code[0].split("\n\n")[0]], check=False)
    assert done.returncode == 0
