"""Events of jobs and items: one for each change, the last one at the end, none for strangers."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, text

from console.api import standing, watch
from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.people.roles import Role
from jobs.provisional import Provisional, ProvisionalCell, to_text
from jobs.spec import Beat, ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from storage.database import transaction
from tests.fleet_bench import wait_until
from tests.integration.api.conftest import PASSWORD, Browse, serving
from tests.integration.jobs.queue_makers import CORRUPT, make_items, make_result

pytestmark = pytest.mark.postgres
JOB = {"sources": ["https://example.org/podcast.xml"]}
SOON_S = 60.0  # an event comes within a second or two; a busy machine needs more


@dataclass
class Reader:
    """One stream, read in a thread of its own."""

    events: list[tuple[str, str]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    is_open: bool = True

    def until(self, name: str, has: str = "") -> str:
        """Return the data of the first event of a name that holds a text."""
        deadline = time.monotonic() + SOON_S
        with self.arrived:
            while True:
                for said, data in self.events:
                    if said == name and has in data:
                        return data
                left_s = deadline - time.monotonic()
                assert left_s > 0, (name, has, self.events)
                self.arrived.wait(left_s)


@pytest.fixture
def url(context: ApiContext) -> Iterator[str]:
    settings = context.settings.model_copy(update={"stream_s": 60, "requests_a_minute": 0})
    patient = ApiContext(
        settings, context.engine, context.objects, context.jobs_settings, context.examining
    )
    with serving(create_app(patient, create_pages(patient))) as url:
        yield url


@pytest.fixture
def client(url: str, context: ApiContext) -> Iterator[httpx.Client]:
    context.people.sign_up("ada@example.org", PASSWORD)
    key = context.keys.make_key("default", "test", Role.ANALYST).key
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield client


@contextmanager
def reading(client: httpx.Client, path: str) -> Iterator[Reader]:
    """Read a stream in the background."""
    reader = Reader()
    with client.stream("GET", path) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")

        def read() -> None:
            name, data = "", []
            try:
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data:"):
                        data.append(line.removeprefix("data:").removeprefix(" "))
                    elif not line and name:
                        with reader.arrived:
                            reader.events.append((name, "\n".join(data)))
                            reader.arrived.notify_all()
                        name, data = "", []
            except httpx.HTTPError:
                pass  # the test is over
            reader.is_open = False

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield reader
        finally:  # wakes the reader, and tells the server
            line = answer.extensions["network_stream"].get_extra_info("socket")
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            thread.join(60)


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, may_listen=False)
    yield queue
    queue.close()


def submit(client: httpx.Client | TestClient) -> str:
    return str(client.post("/v1/jobs", json=JOB).json()["job_id"])


def list_items(queue: WorkQueue, n_items: int) -> list[ItemClaim]:
    """List the one job there is, and claim its items."""
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.add_items(listing, make_items(n_items))
    queue.finish(listing)
    return queue.claim("worker", n_items, ItemKind.MEDIA)


def test_a_job_is_followed_from_its_listing_to_its_last_item(
    client: httpx.Client, queue: WorkQueue
) -> None:
    job_id = submit(client)
    with reading(client, f"/v1/jobs/{job_id}/events") as reader:
        reader.until("progress", '"state": "listing"')
        first, second = list_items(queue, 2)
        queue.finish(first, make_result(first))
        queue.fail(second, CORRUPT)
        last = json.loads(reader.until("over"))
    assert last["findings"] == {"partly_synthetic": 1}
    assert last["failures"] == {"media_corrupt": 1}
    assert (last["counts"]["done"], last["counts"]["failed"], last["is_over"]) == (1, 1, True)
    assert not reader.is_open


def test_an_item_shows_what_was_scored_so_far_and_then_that_it_has_ended(
    client: httpx.Client, queue: WorkQueue
) -> None:
    submit(client)
    (claim,) = list_items(queue, 1)
    cells = (ProvisionalCell(0, 0, 0.0, 30.0, -2.5),)
    with reading(client, f"/v1/items/{claim.item_id}/events") as reader:
        reader.until("progress")
        shown = to_text(Provisional(600.0, 6.0, cells))
        queue.heartbeat([Beat(claim, "score", 0.1, provisional=shown)])
        seen = json.loads(reader.until("progress", '"llr": -2.5'))
        assert (seen["verdict"], seen["llr"]) == ("", None)
        asked = client.get(f"/v1/items/{claim.item_id}").json()
        assert asked["provisional"] == seen["provisional"]
        queue.finish(claim, make_result(claim))
        last = json.loads(reader.until("over"))
    assert (last["state"], last["provisional"]) == ("done", None)


def test_the_list_of_jobs_hears_of_a_new_job(client: httpx.Client) -> None:
    with reading(client, "/v1/jobs/events") as reader:
        reader.until("jobs", '"jobs": []')
        job_id = submit(client)
        jobs = json.loads(reader.until("jobs", f'"job_id": "{job_id}"'))["jobs"]
    assert [job["job_id"] for job in jobs] == [job_id]


def test_a_page_follows_the_same_events_as_html(client: httpx.Client, queue: WorkQueue) -> None:
    job_id = submit(client)
    with reading(client, f"/jobs/{job_id}/live") as reader:
        reader.until("part", "listing")
        (claim,) = list_items(queue, 1)
        queue.finish(claim, make_result(claim))
        last = reader.until("over")
    assert "evidence of synthesis in a part" in last
    assert last == client.get(f"/jobs/{job_id}/progress").text.strip()


def test_changes_are_seen_where_no_bell_is_heard(
    client: httpx.Client, queue: WorkQueue, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "HEARD_EVERY_S", 0.5)
    job_id = submit(client)
    with reading(client, f"/v1/jobs/{job_id}/events") as reader:
        reader.until("progress")
        with transaction(engine) as connection:  # a change that nobody tells of
            connection.execute(text("UPDATE job SET paused_at = clock_timestamp()"))
        reader.until("progress", '"is_paused": true')


def n_listeners(engine: Engine) -> int:
    with engine.connect() as connection:
        n: int = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query = 'LISTEN verity_progress' AND state = 'idle'"
            )
        ).scalar_one()
    return n


def test_many_readers_cost_one_listener_and_no_more_looks_than_one(
    client: httpx.Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "HEARD_EVERY_S",
        "UNHEARD_EVERY_S",
    ):  # however long this takes: looks when it rings
        monkeypatch.setattr(watch, name, 3_600.0)
    job_id = submit(client)
    statements: list[str] = []

    def note(_1: object, _2: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with ThreadPoolExecutor(30) as threads:
        ready, done = threading.Barrier(31), threading.Event()

        def read() -> None:
            with reading(client, f"/v1/jobs/{job_id}/events") as reader:
                reader.until("progress")
                ready.wait(60)
                done.wait(60)
                reader.until("progress", '"is_paused": true')

        readers = [threads.submit(read) for _ in range(30)]
        ready.wait(60)
        wait_until(lambda: n_listeners(engine) > 0)  # the first look does not wait for it
        n_first = n_listeners(engine)
        event.listen(engine, "before_cursor_execute", note)
        client.post(f"/v1/jobs/{job_id}/pause")
        time.sleep(1.0)
        done.set()
        for one in readers:
            one.result(60)
        event.remove(engine, "before_cursor_execute", note)
    looks = [one for one in statements if "job_tally" in one]
    assert n_first == 1
    assert 1 <= len(looks) <= 5  # not 30


def test_a_stream_ends_in_time_so_that_readers_show_again_who_they_are(browse: Browse) -> None:
    client = browse("ada@example.org")
    with client.stream("GET", f"/v1/jobs/{submit(client)}/events") as answer:
        lines = list(answer.iter_lines())  # the fixture's streams last a second
    assert "event: progress" in lines
    assert "event: over" not in lines


@pytest.mark.parametrize("who", ["key", "session"])
def test_whoever_may_read_no_more_is_told_nothing_more(
    url: str, client: httpx.Client, context: ApiContext, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr(standing, "ASKED_S", 0.0)  # look at each change
    job_id = submit(client)
    with ExitStack() as stack:
        reader_of = client
        if who == "session":
            person = {"email": "ada@example.org", "password": PASSWORD}
            reader_of = stack.enter_context(httpx.Client(base_url=url, timeout=60))
            assert reader_of.post("/v1/sessions", json=person).status_code == 201
        reader = stack.enter_context(reading(reader_of, f"/v1/jobs/{job_id}/events"))
        reader.until("progress")
        if who == "key":
            (key,) = context.keys.keys("default")
            context.keys.revoke_key("default", key.key_id)
        else:
            context.people.change_password(1, PASSWORD, "another four plain words", "")
        context.desk.pause(job_id)
        deadline = time.monotonic() + SOON_S
        while reader.is_open and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not reader.is_open
    assert '"is_paused": true' not in str(reader.events)


def test_a_reader_that_comes_back_is_told_what_is_new_and_nothing_else(browse: Browse) -> None:
    client = browse("ada@example.org")
    job_id = submit(client)

    def read(last_id: str = "") -> list[str]:
        path = f"/v1/jobs/{job_id}/events"
        with client.stream("GET", path, headers={"last-event-id": last_id}) as answer:
            return list(answer.iter_lines())  # the fixture's streams last a second

    first = read()
    (last_id,) = (line.removeprefix("id: ") for line in first if line.startswith("id: "))
    assert "event: progress" in first
    assert "event: progress" not in read(last_id)
    assert "event: progress" in read("of-another-state")
    client.post(f"/v1/jobs/{job_id}/cancel")
    over = read(last_id)
    assert "event: over" in over
    (last_id,) = (line.removeprefix("id: ") for line in over if line.startswith("id: "))
    assert "event: over" in read(last_id), "so that nobody waits for what has ended"


def test_another_accounts_events_are_not_there(
    browse: Browse, engine: Engine, app: FastAPI
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    job_id = submit(ada)
    queue = WorkQueue(engine, may_listen=False)
    (claim,) = list_items(queue, 1)
    queue.close()
    assert bo.get(f"/v1/jobs/{job_id}/events").status_code == 404
    assert bo.get(f"/v1/items/{claim.item_id}/events").status_code == 404
    with bo.stream("GET", "/v1/jobs/events") as answer:
        said = "\n".join(answer.iter_lines())
    assert '"jobs": []' in said
