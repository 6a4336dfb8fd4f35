"""Pages that follow what happens, in a real Chromium: jobs, items, and a voice at the microphone.

The server runs in this process and the test works the queue by hand, so that each step is seen.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from pydantic import SecretStr
from sqlalchemy import Engine

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.people.desk import SignUp
from jobs.provisional import Provisional, ProvisionalCell, to_text
from jobs.settings import JobsSettings
from jobs.spec import Beat, ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import VerdictKind
from storage.objects import FolderStore
from storage.sealing import Sealer
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.test_accessibility import complaints
from tests.integration.api.conftest import PASSWORD, serving
from tests.integration.jobs.queue_makers import CORRUPT, make_items, make_result
from tests.makers import synthetic_sample, write_wav

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]
SOON_MS = 90_000  # what comes within a second or two; a busy machine needs more
JOB = {"sources": ["https://example.org/podcast.xml"], "name": "Five hundred"}
N_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Here:
    """A server of this process, and the queue behind it."""

    url: str
    queue: WorkQueue


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Here]:
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    queue = WorkQueue(engine, may_listen=False)
    with open_examining(jobs, tmp_path / "temp") as examining:
        settings = ApiSettings(sign_up=SignUp.OPEN, requests_a_minute=0)
        store = FolderStore(tmp_path / "objects")
        context = ApiContext(settings, engine, store, jobs, examining)
        with serving(create_app(context, create_pages(context))) as url:
            yield Here(url, queue)
    queue.close()


Enter = Callable[..., Page]


@contextmanager
def entering(chromium: Browser, url: str) -> Iterator[Enter]:
    """Give a function that opens a browser profile in which somebody new is signed in."""
    contexts, complained = [], []

    def enter(locale: str = "en-GB") -> Page:
        context = chromium.new_context(base_url=url, locale=locale)
        contexts.append(context)
        person = {"email": f"{uuid4().hex}@example.org", "password": PASSWORD}
        assert context.request.post("/v1/people", data=person, timeout=SOON_MS).ok
        assert context.request.post("/v1/sessions", data=person, timeout=SOON_MS).ok
        page = context.new_page()
        page.set_default_timeout(SOON_MS)
        page.on("pageerror", lambda error: complained.append(str(error)))
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complained == []


@pytest.fixture
def enter(chromium: Browser, here: Here) -> Iterator[Enter]:
    with entering(chromium, here.url) as enter:
        yield enter


def submit(page: Page) -> str:
    """Submit a job as the page's person, and return its id."""
    page.goto("/jobs/new")
    page.get_by_label("Sources").fill(JOB["sources"][0])
    page.get_by_label("Name").fill(str(JOB["name"]))
    page.get_by_role("button", name="Submit").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+$"), timeout=SOON_MS)
    return page.url.rsplit("/", 1)[1]


def list_items(queue: WorkQueue, n_items: int) -> None:
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.add_items(listing, make_items(n_items))
    queue.finish(listing)


def work(queue: WorkQueue, n_items: int) -> None:
    """Finish items as a fleet would: four of five with findings, one with an error."""
    kinds = [VerdictKind.NO_EVIDENCE, VerdictKind.SYNTHETIC, VerdictKind.INCONCLUSIVE]
    for claim in queue.claim("worker", n_items, ItemKind.MEDIA):
        number = int(claim.title.removeprefix("Item "))
        if number % 5 == 4:
            queue.fail(claim, CORRUPT)
        else:
            queue.finish(claim, make_result(claim, kind=kinds[number % 3], n_segments=1))


def fact(page: Page, name: str) -> int:
    """Return one of the counts on a job's page."""
    return int(page.locator(f"#progress div:has(> dt:text-is('{name}')) > dd").inner_text())


def test_five_hundred_items_are_watched_to_their_end_without_loading_the_page_again(
    enter: Enter, here: Here
) -> None:
    page = enter()
    job_id = submit(page)
    page.evaluate("window.isTheSamePage = true")
    expect(page.locator("#progress")).to_contain_text("You can close this page")
    list_items(here.queue, N_ITEMS)
    work(here.queue, 100)
    expect(page.locator("#progress")).to_contain_text("items a minute", timeout=SOON_MS)
    expect(page.locator("#progress")).to_contain_text("left")
    expect(page.locator("#findings")).to_be_visible(timeout=SOON_MS)
    working = threading.Thread(target=work, args=(here.queue, N_ITEMS - 100))
    working.start()
    expect(page.locator("#progress strong")).to_have_text("done", timeout=2 * SOON_MS)
    working.join()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.locator("#items .finding").first).to_be_visible()
    assert page.evaluate("window.isTheSamePage")
    assert (fact(page, "Items"), fact(page, "Done"), fact(page, "Failed")) == (500, 400, 100)
    counted = page.locator("#findings dd").all_inner_texts()
    assert sum(map(int, counted)) == 400
    assert page.locator("#failures dd").all_inner_texts() == ["100"]
    look_through(page, job_id)


def look_through(page: Page, job_id: str) -> None:
    """Filter, order, search and turn pages of the job's items."""
    page.goto(f"/jobs/{job_id}")
    page.get_by_label("Show").select_option("failed")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator("tbody tr").first).to_contain_text("media_corrupt")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    page.get_by_label("Show").select_option("")
    page.get_by_label("Order").select_option("lowest")
    page.get_by_label("Search in titles").fill("item 1")
    page.get_by_role("button", name="Look").click()
    expect(page).to_have_url(re.compile("search=item"))
    page.wait_for_load_state()
    titles = page.locator("tbody td.title").all_inner_texts()
    assert len(titles) == 50
    assert all(title.startswith("Item 1") for title in titles)
    assert complaints(page) == []


def test_an_item_shows_provisional_seconds_and_then_its_end(enter: Enter, here: Here) -> None:
    page = enter()
    submit(page)
    list_items(here.queue, 1)
    (claim,) = here.queue.claim("worker", kind=ItemKind.MEDIA)
    page.goto(f"/items/{claim.item_id}")
    beat(here.queue, claim, 30.0)
    shown = page.locator(".provisional")
    expect(shown).to_contain_text("Provisional", timeout=SOON_MS)
    expect(shown).to_contain_text("not a finding")
    expect(shown.locator("rect")).to_have_count(1)
    assert complaints(page) == []
    beat(here.queue, claim, 60.0)
    expect(shown.locator("rect")).to_have_count(2, timeout=SOON_MS)
    assert page.locator(".headline").count() == 0  # no verdict
    here.queue.fail(claim, CORRUPT)
    expect(page.locator(".problem")).to_contain_text("damaged", timeout=SOON_MS)
    expect(shown).to_have_count(0)


def beat(queue: WorkQueue, claim: ItemClaim, end_s: float) -> None:
    starts = range(0, int(end_s), 30)
    cells = tuple(ProvisionalCell(0, 0, float(s), float(s + 30), -2.0) for s in starts)
    shown = to_text(Provisional(3600.0, 6.0, cells))
    queue.heartbeat([Beat(claim, "score", 0.1, provisional=shown)])


def test_the_list_of_jobs_changes_by_itself(enter: Enter, here: Here) -> None:
    page = enter()
    submit(page)
    page.goto("/jobs")
    list_items(here.queue, 3)
    expect(page.locator("#job-rows tr td").nth(3)).to_have_text("3", timeout=SOON_MS)


def test_a_page_asks_again_and_again_where_events_do_not_come(enter: Enter, here: Here) -> None:
    page = enter()
    page.route("**/live", lambda route: route.fulfill(status=503, body="no"))
    submit(page)
    list_items(here.queue, 2)
    work(here.queue, 2)
    expect(page.locator("#progress strong")).to_have_text("done", timeout=SOON_MS)
    expect(page.locator("#progress")).to_have_attribute("data-following", "poll")


def test_one_person_does_not_hear_anothers_events(enter: Enter, here: Here) -> None:
    ada, bo = enter(), enter()
    job_id = submit(ada)
    list_items(here.queue, 1)
    (claim,) = here.queue.claim("worker", kind=ItemKind.MEDIA)
    for path in (
        f"/v1/jobs/{job_id}/events",
        f"/jobs/{job_id}/live",
        f"/jobs/{job_id}/progress",
        f"/v1/items/{claim.item_id}/events",
        f"/items/{claim.item_id}/live",
        f"/items/{claim.item_id}/progress",
    ):
        assert bo.context.request.get(path).status == 404, path
    bo.goto("/jobs")
    here.queue.heartbeat([Beat(claim, "score", 0.1)])
    time.sleep(2)  # an event would have come
    assert str(JOB["name"]) not in bo.content()


@pytest.fixture
def speaking(playwright: Playwright, tmp_path: Path, here: Here) -> Iterator[Enter]:
    """Give profiles of a Chromium whose microphone hears a synthetic voice."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    write_wav(tmp_path / "voice.wav", synthetic_sample())
    microphone = f"--use-file-for-fake-audio-capture={tmp_path / 'voice.wav'}"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, microphone])
    with entering(browser, here.url) as enter:
        yield enter
    browser.close()


@pytest.mark.parametrize(
    ("locale", "record", "stop", "provisional"),
    [
        ("en-GB", "Record", "Stop and analyse", "Provisional"),
        ("ko-KR", "녹음", "멈추고 분석", "잠정"),
    ],
)
def test_a_finding_grows_while_one_speaks_and_the_answer_is_that_of_the_whole(
    speaking: Enter, locale: str, record: str, stop: str, provisional: str
) -> None:
    page = speaking(locale)
    page.goto("/try")
    page.get_by_role("button", name=record, exact=True).click()
    live = page.locator("#live .provisional")
    expect(live.locator("h2")).to_contain_text(provisional, timeout=SOON_MS)
    few = live.locator("rect").count()
    expect(live.locator("rect").nth(few)).to_be_attached(timeout=SOON_MS)  # it has grown
    assert page.locator("#result").inner_text() == ""
    assert complaints(page) == []
    page.get_by_role("button", name=stop, exact=True).click()
    expect(page.locator("#result .headline")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#live")).to_be_empty()
    assert provisional not in page.locator("#result").inner_text()
