"""What waits for an examiner or for another site keeps nobody else waiting, and one account not all others."""

import dataclasses
import socket
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.api import slow_work
from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import MOST_EXAMINERS, open_examining
from console.people.roles import Role
from storage.egress_policy import EgressPolicy, parse_allow
from tests.integration.api.conftest import PASSWORD, serving
from workers.machine import count_cores

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
FRAMEWORK_THREADS = 40  # for everything that blocks, where nobody says otherwise
MOST_OF_ACCOUNT = FRAMEWORK_THREADS + 3  # each is answered in the end, and takes a while
MOST_S = 60.0  # for what takes a moment on a quiet machine


@pytest.fixture
def silent_site() -> Iterator[socket.socket]:
    """Give a site that takes everybody's question and answers nobody's."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as site:
        site.settimeout(MOST_S)
        yield site


def test_who_waits_for_an_examiner_keeps_nobody_else_waiting(
    context: ApiContext,
    silent_site: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slow_work, "MOST_OF_ACCOUNT", MOST_OF_ACCOUNT)
    context.people.sign_up("ada@example.org", PASSWORD)
    keys = [context.keys.make_key("default", "script", Role.ANALYST).key for _ in range(2)]
    asking, other = ({"authorization": f"Bearer {key}"} for key in keys)
    place = f"127.0.0.1:{silent_site.getsockname()[1]}"
    jobs = context.jobs_settings.model_copy(update={"egress": EgressPolicy(parse_allow(place))})
    body = {"url": f"http://{place}/a.mp3"}
    n_links = min(MOST_EXAMINERS, count_cores())  # that keep all examiners waiting
    with open_examining(jobs, tmp_path / "outward") as examining:
        own = dataclasses.replace(context, jobs_settings=jobs, examining=examining)
        with (
            serving(create_app(own)) as url,
            ThreadPoolExecutor(MOST_OF_ACCOUNT + n_links) as pool,
            ExitStack() as stack,
        ):

            def send(path: str, **said: Any) -> "Future[httpx.Response]":  # noqa: ANN401 (httpx's)
                where = f"{url}/v1/predict{path}"
                return pool.submit(httpx.post, where, headers=asking, timeout=MOST_S, **said)

            answers = [send("/link", json=body) for _ in range(n_links)]
            for _ in range(n_links):
                stack.enter_context(silent_site.accept()[0])
            answers += [send("", content=b"no recording") for _ in range(MOST_OF_ACCOUNT)]
            wait(answers, MOST_S, FIRST_COMPLETED)  # one is refused: the others are under way
            seen = httpx.get(f"{url}/v1/jobs", headers=other, timeout=MOST_S)
            n_waiting = sum(not answer.done() for answer in answers)
            silent_site.close()
            stack.close()
            found = [answer.result(MOST_S) for answer in answers]
    assert seen.status_code == 200
    assert n_waiting > FRAMEWORK_THREADS, "it was answered while they waited"
    refused = [one for one in found if one.status_code == 503 and one.json()["code"] == "busy"]
    assert refused, "one account does not have all"
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
