"""Items of an account over all of its jobs: found by name, address, hash and finding, and nobody else's."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from jobs.account_search import find_items
from jobs.archive import archive_old_items
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import VerdictKind
from storage.account_pages import LOOKED_AT, AccountOrder
from storage.database import transaction
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.test_admin_pages import csrf
from tests.integration.jobs.queue_makers import CORRUPT, make_job, make_result
from tests.integration.storage.test_item_pages import fill

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
def ada(context: ApiContext) -> Iterator[TestClient]:
    """Give a browser of the first person, whose account is `default`, on the pages."""
    with TestClient(create_app(context, create_pages(context))) as client:
        client.post("/sign-up", data={"email": "ada@example.org", "password": PASSWORD})
        client.headers["x-csrf-token"] = csrf(client)
        yield client


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine, may_listen=False)
    yield queue
    queue.close()


def end(queue: WorkQueue, kinds: list[VerdictKind | None], account_id: str = "default") -> None:
    """Make a job whose items end as said; None: it fails."""
    make_job(queue, len(kinds), account_id)
    for claim, kind in zip(queue.claim("worker", limit=len(kinds)), kinds, strict=True):
        if kind is None:
            queue.fail(claim, CORRUPT)
        else:
            result = make_result(claim, kind=kind, n_segments=1)
            media = result.report.media
            assert media is not None
            media = replace(media, sha256=hash_of(claim.job_id, claim.title))
            queue.finish(claim, replace(result, report=replace(result.report, media=media)))
    queue.tend()


def hash_of(job_id: str, title: str) -> str:
    return hashlib.sha256(f"{job_id}: {title}".encode()).hexdigest()


def titles(client: TestClient, **wanted: str) -> list[str]:
    answer = client.get("/v1/items", params=wanted)
    assert answer.status_code == 200, answer.text
    return [f"{one['job_id']}: {one['title']}" for one in answer.json()["items"]]


def test_items_of_all_jobs_are_found_by_a_part_of_name_or_address(
    ada: TestClient, queue: WorkQueue
) -> None:
    end(queue, [VerdictKind.SYNTHETIC, VerdictKind.NO_EVIDENCE])
    end(queue, [None, VerdictKind.SYNTHETIC])
    assert titles(ada, search="ITEM 1") == ["2: Item 1", "1: Item 1"]
    assert titles(ada, search="media/0.w") == ["2: Item 0", "1: Item 0"]
    assert titles(ada, search="item", show="synthetic") == ["2: Item 1", "1: Item 0"]
    assert titles(ada, show="failed") == ["2: Item 0"]
    assert titles(ada, search="item 7") == []
    assert titles(ada, search="%") == []


def test_items_are_found_by_the_hash_of_their_bytes_or_its_beginning(
    ada: TestClient, queue: WorkQueue
) -> None:
    end(queue, [VerdictKind.SYNTHETIC, VerdictKind.NO_EVIDENCE])
    sha256 = hash_of("1", "Item 0")
    assert titles(ada, search=sha256) == ["1: Item 0"]
    assert titles(ada, search=sha256[:8].upper()) == ["1: Item 0"]
    assert titles(ada, search=sha256[:8], show="no_evidence") == []
    assert titles(ada, search=hash_of("1", "Item 9")) == []


def test_pages_follow_each_other_over_jobs_and_the_archive(
    ada: TestClient, queue: WorkQueue, engine: Engine
) -> None:
    for _ in range(3):
        end(queue, [VerdictKind.SYNTHETIC] * 3)
    with transaction(engine) as connection:
        connection.execute(text("UPDATE job SET closed_at = '2020-01-01' WHERE job_id < 3"))
    archive_old_items(engine, 1.0)
    found, after = [], ""
    while True:
        page = ada.get("/v1/items", params={"search": "Item", "most": 2, "after": after}).json()
        found += [(int(one["job_id"]), one["title"]) for one in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == [(job, f"Item {n}") for job in (3, 2, 1) for n in (2, 1, 0)]


def test_another_account_s_items_are_not_found(
    ada: TestClient, queue: WorkQueue, context: ApiContext
) -> None:
    end(queue, [VerdictKind.SYNTHETIC])
    (item,) = ada.get("/v1/items").json()["items"]
    context.people.sign_up("eve@example.org", PASSWORD)
    ada.cookies.clear()
    eve = {"email": "eve@example.org", "password": PASSWORD}
    ada.headers["x-csrf-token"] = ada.post("/v1/sessions", json=eve).json()["csrf"]
    for wanted in ({}, {"search": "Item"}, {"show": "synthetic"}, {"after": "9:9"}):
        assert titles(ada, **wanted) == []
    alike = ada.get(f"/search?like={item['item_id']}")
    missing = ada.get("/search?like=999999")
    assert "There is no item" in alike.text
    assert "There is no item" in missing.text


def test_a_hundred_thousand_items_are_searched_within_the_time_of_a_page(engine: Engine) -> None:
    n_items = 100_000
    fill(engine, n_items)
    for search, least in (("item 7", 50), ("Item 42", 50), ("nobody's name", 0)):
        began = time.monotonic()
        n_found, wanted = 0, AccountOrder("default", 50, search)
        found = find_items(engine, wanted, patience_s=60.0)
        n_found += len(found.items)
        assert n_found >= least
        if not least:
            assert found.following is None, "all was looked through"
        assert time.monotonic() - began < 30  # a page of a second, on a machine that is much busier


def test_a_search_that_runs_out_of_patience_goes_on_where_it_stopped(engine: Engine) -> None:
    fill(engine, LOOKED_AT + 10)
    first = find_items(engine, AccountOrder("default", 50, "Item 5"), patience_s=0.0)
    assert first.following is not None
    seen = {item.title for item in first.items}
    assert "Item 5" not in seen  # among the oldest
    step = first
    for _ in range(100):
        if step.following is None:
            break
        step = find_items(
            engine, AccountOrder("default", 500, "Item 5", after=step.following), patience_s=0.0
        )
        seen |= {item.title for item in step.items}
    assert "Item 5" in seen


@pytest.mark.parametrize("path", ["/search", "/search?search=x", "/search?like=nothing"])
def test_the_page_says_in_words_what_there_is(ada: TestClient, path: str) -> None:
    for language in ("en", "ko"):
        answer = ada.get(path, headers={"accept-language": language})
        assert answer.status_code == 200
        assert "<h1>" in answer.text
