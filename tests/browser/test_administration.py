"""Administration and sweeps in Chromium: axe, three widths, the dark, the keyboard; no fleet is needed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr
from sqlalchemy import Engine

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.people.desk import SignUp
from console.settings import ConsoleSettings
from jobs.settings import JobsSettings
from jobs.sweep_clock import digest_ended
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import VerdictKind
from storage import worker_rows
from storage.database import transaction
from storage.objects import FolderStore
from storage.sealing import Sealer
from tests.browser.conftest import SOON_MS
from tests.browser.test_accessibility import complaints
from tests.integration.api.conftest import PASSWORD, serving
from tests.integration.api.test_admin import fail_items
from tests.integration.jobs.test_sweeps import make_sweep, run_jobs
from tests.worker_words import WORKER

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]
PAGES = ["/admin", "/admin/fleet", "/admin/accounts", "/admin/people", "/admin/settings"]
Open = Callable[[int, str], Page]


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """Serve the pages over a database in which a sweep ran twice and something failed."""
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    with open_examining(jobs, tmp_path / "temp") as examining:
        known = ConsoleSettings({"VERITY_VAR": str(tmp_path), "VERITY_SIGN": "0"})
        settings = ApiSettings(sign_up=SignUp.OPEN)
        store = FolderStore(tmp_path / "objects")
        context = ApiContext(settings, engine, store, jobs, examining, known)
        context.people.sign_up("ada@example.org", PASSWORD, "Ada")
        sweep = make_sweep(engine)
        queue = WorkQueue(engine)
        for verdicts in ([VerdictKind.NO_EVIDENCE], [VerdictKind.SYNTHETIC]):
            context.sweeps.run_now(sweep.sweep_id)
            run_jobs(queue, verdicts)
            digest_ended(engine)
        context.sweeps.run_now(sweep.sweep_id)
        queue.close()
        fail_items(engine, "fetch_failed")
        with transaction(engine) as connection:
            worker_rows.say_here(connection, WORKER)
        with serving(create_app(context, create_pages(context))) as url:
            yield url


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[Open]:
    """Give a function that opens a browser in which the operator is signed in."""
    contexts, refused = [], []

    def open_page(wide: int, scheme: str) -> Page:
        context = chromium.new_context(
            base_url=site,
            viewport={"width": wide, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SOON_MS)
        page.on("pageerror", lambda error: refused.append(str(error)))
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill("ada@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert refused == []


@pytest.mark.parametrize(("wide", "scheme"), [(1200, "light"), (400, "dark")])
def test_the_pages_of_the_installation_pass_axe_and_fit(
    open_page: Open, wide: int, scheme: str
) -> None:
    page = open_page(wide, scheme)
    for path in [*PAGES, "/sweeps/1", "/sweeps/1/runs/2"]:
        page.goto(path)
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= wide, path


def test_what_failed_is_tried_again_by_keyboard(open_page: Open) -> None:
    page = open_page(1200, "light")
    page.goto("/admin")
    expect(page.locator(".rows li")).to_have_count(1)
    page.get_by_role("button", name="Try again fetch_failed").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="queued again")).to_be_visible()
    expect(page.locator(".empty")).to_contain_text("Nothing failed")


def test_the_fleet_renews_itself_and_says_when_the_server_is_away(open_page: Open) -> None:
    page = open_page(768, "dark")
    page.goto("/admin/fleet")
    expect(page.locator(".worker h3")).to_contain_text("node-7")
    page.route("**/admin/fleet/now", lambda route: route.abort())
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/admin/fleet/now")
    expect(page.locator("#offline")).to_be_hidden()


def test_a_schedule_is_said_while_it_is_typed_and_runs_are_compared(open_page: Open) -> None:
    page = open_page(1200, "light")
    page.goto("/sweeps")
    page.get_by_label("When (cron)").fill("0 7 * * 1-5")
    expect(page.locator("#preview")).to_contain_text("Monday to Friday at 07:00")
    expect(page.locator("#preview li")).to_have_count(5)
    page.goto("/sweeps/1")
    page.get_by_role("link", name="Compare").first.click()
    expect(page.get_by_role("cell", name="found otherwise")).to_be_visible()
