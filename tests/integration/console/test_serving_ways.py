"""`verity serve` under uvicorn and as Ray Serve replicas: one installation, the same answers."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.integration.api.slow_lines import MOST_S, SIGN_IN, drip
from tests.makers import SAMPLE_RATE, synthetic_sample, wav_bytes

pytestmark = [pytest.mark.postgres, pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(300)]
VERITY = Path(sys.executable).with_name("verity")
START_S = 120
END_S = 120
PASSWORD = "four plain words here"  # noqa: S105 (of somebody who lives as long as a test)
JOB = {"sources": ["https://example.org/podcast.xml"], "name": "Tuesday"}
# what differs with the request, the process or the clock, and not with who answers
PASSING = {"date", "content-length", "ratelimit-remaining", "ratelimit-reset"}
BY_SERVE = {"server", "x-request-id"}  # its proxy says who it is, and numbers requests

SLOW = [
    (b"GET / HTTP/1.1\r\n", b"x"),  # a head that never ends
    (SIGN_IN + b"content-length: 90000\r\n\r\n{", b" "),  # a body that drips
    (SIGN_IN + b"content-length: 90000\r\n\r\n{}", b""),  # one that is shorter than it says
    (SIGN_IN + b"transfer-encoding: chunked\r\n\r\n", b"0"),  # a piece without end
]


@contextmanager
def server(var_folder: Path, tmp_path: Path, way: str) -> Iterator[str]:
    """Run `verity serve`; give its address."""
    log = tmp_path / f"{way}.log"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "VERITY_VAR": str(var_folder),
        "VERITY_SERVE": way,
    }
    command = [str(VERITY), "serve", "--port", "0", "--no-worker"]
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
    try:
        until = time.monotonic() + START_S
        while not (found := re.search(r"Voice Verity: (http://\S+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(END_S)
        finally:
            process.kill()
    assert status == 0, log.read_text()


def shown(answer: httpx.Response) -> tuple[int, dict[str, str], object]:
    """Return what of an answer must not depend on who answers."""
    headers = {
        name: value for name, value in answer.headers.items() if name not in PASSING | BY_SERVE
    }
    is_json = "json" in answer.headers.get("content-type", "")
    return answer.status_code, headers, answer.json() if is_json else answer.text


def status_of_a_lie(url: str) -> int:
    """Return what is answered to a head that says more than is taken, before any byte of a body."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/v1/predict")
    connection.putheader("content-length", str(1 << 40))
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_replicas_answer_as_one_server_does_and_share_all_state(
    var_folder: Path, tmp_path: Path
) -> None:
    with (
        server(var_folder, tmp_path, "uvicorn") as one,
        server(var_folder, tmp_path, "ray") as many,
        httpx.Client(base_url=one, timeout=60) as by_one,
        httpx.Client(base_url=many, timeout=60) as by_many,
        ThreadPoolExecutor(2 * len(SLOW)) as slow,
    ):
        # cut off while everything else goes on
        lines = [slow.submit(drip, url, *said) for url in (one, many) for said in SLOW]
        sign_in = {"email": "ada@example.org", "password": PASSWORD}
        assert by_one.post("/v1/people", json=sign_in).status_code == 201
        csrf = by_one.post("/v1/sessions", json=sign_in).json()["csrf"]
        cookie = dict(by_one.cookies)
        for client in (by_one, by_many):
            client.headers["x-csrf-token"] = csrf
            client.cookies.update(cookie)  # a session that either of them knows
        job = by_many.post("/v1/jobs", json=JOB).json()
        paths = (
            *("/v1/me", "/v1/jobs", f"/v1/jobs/{job['job_id']}", "/v1/jobs/17", "/v1/nowhere"),
            *("/v1/models", "/v1/health/model", "/v1/connections", "/v1/openapi.json"),
            *("/v1/usage?days=0", "/v1/metrics", "/", "/jobs", "/static/style.css", "/nowhere"),
        )
        found = {path: (shown(by_many.get(path)), shown(by_one.get(path))) for path in paths}
        assert {path: both for path, both in found.items() if both[0] != both[1]} == {}
        for method, path, body in (
            ("POST", "/v1/jobs", {"sources": ["/etc/passwd"]}),
            ("POST", "/v1/jobs", {"source": []}),
            ("POST", f"/v1/jobs/{job['job_id']}/cancel", None),
            ("POST", f"/v1/jobs/{job['job_id']}/cancel", None),
            ("DELETE", "/v1/keys/none", None),
        ):
            told = [shown(client.request(method, path, json=body)) for client in (by_many, by_one)]
            assert told[0] == told[1], path
        sound = wav_bytes(synthetic_sample(), SAMPLE_RATE)
        predicted = [c.post("/v1/predict", content=sound).json() for c in (by_many, by_one)]
        assert predicted[0] == predicted[1]
        assert [status_of_a_lie(url) for url in (many, one)] == [413, 413]
        events = by_many.get(f"/v1/jobs/{job['job_id']}/events")
        assert "event: over" in events.text
        with_limit = by_many.post("/v1/keys", json={"name": "slow", "requests_a_minute": 5}).json()
        key = {"authorization": f"Bearer {with_limit['key']}"}
        again = {**key, "idempotency-key": "once"}
        with ThreadPoolExecutor(8) as threads:
            began = time.monotonic()
            asked = list(
                threads.map(
                    lambda _: httpx.get(f"{many}/v1/me", headers=key, timeout=60), range(12)
                )
            )
            n_filled = (time.monotonic() - began) * 5 / 60  # the bucket fills meanwhile
            statuses = Counter(answer.status_code for answer in asked)
            assert statuses.keys() == {200, 429}
            assert 5 <= statuses[200] <= 5 + n_filled + 1, "two servers would let through ten"
            unlimited = by_many.post("/v1/keys", json={"name": "script"}).json()
            again["authorization"] = f"Bearer {unlimited['key']}"
            answers = list(
                threads.map(
                    lambda _: httpx.post(f"{many}/v1/jobs", json=JOB, headers=again, timeout=60),
                    range(8),
                )
            )
        made = {answer.json()["job_id"] for answer in answers if answer.status_code == 201}
        assert len(made) == 1
        assert {answer.status_code for answer in answers} == {201}
        closed = [line.result() for line in lines]
        assert max(line.after_s for line in closed) < MOST_S
        assert not any(b" 200 " in line.said for line in closed)
        by_many.delete("/v1/sessions")
        assert by_one.get("/v1/me").status_code == 401, "ended by either, ended for both"
