"""A folder of hundreds, dropped on the page "Submit a job": sent, resumed, and one job at the end."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from pydantic import SecretStr
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.people.desk import SignUp
from jobs.settings import JobsSettings
from storage.objects import FolderStore
from storage.sealing import Sealer
from tests.browser.conftest import SOON_MS
from tests.browser.test_accessibility import RULES
from tests.integration.api.conftest import PASSWORD, serving

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(280)]
N_FILES = 200
LARGE_BYTES = 9 << 20
COOKIES = "# Netscape HTTP Cookie File\n.media.example\tTRUE\t/\tTRUE\t0\tsession\tword\n"
DROP = """async (names) => {
  const moved = new DataTransfer();
  for (const name of names) {
    moved.items.add(new File([`sound of ${name}`], name, {type: "audio/wav", lastModified: 1}));
  }
  const drop = new DragEvent("drop", {dataTransfer: moved, bubbles: true, cancelable: true});
  document.getElementById("files-box").dispatchEvent(drop);
}"""


@pytest.fixture
def context(engine: Engine, tmp_path: Path) -> Iterator[ApiContext]:
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    settings = ApiSettings(sign_up=SignUp.OPEN, requests_a_minute=0)
    with open_examining(jobs, tmp_path / "temp") as examining:
        yield ApiContext(settings, engine, FolderStore(tmp_path / "objects"), jobs, examining)


Open = Callable[[int], Page]


@pytest.fixture
def open_page(context: ApiContext, chromium: Browser) -> Iterator[Open]:
    """Give a function that opens the page in a browser in which somebody is signed in."""
    opened = []
    with serving(create_app(context, create_pages(context))) as url:

        def open_page(wide: int = 1200) -> Page:
            profile = chromium.new_context(base_url=url, viewport={"width": wide, "height": 900})
            opened.append(profile)
            page = profile.new_page()
            page.set_default_timeout(SOON_MS)
            person = {"email": "ada@example.org", "password": PASSWORD}
            for path in ("/v1/people", "/v1/sessions"):
                assert profile.request.post(path, data=person, timeout=SOON_MS).ok
            page.goto("/jobs/new")
            return page

        yield open_page
        for profile in opened:
            profile.close()


def titles(context: ApiContext) -> list[str]:
    with context.engine.begin() as connection:
        return list(connection.scalars(text("SELECT title FROM item ORDER BY item_id")))


def make_folder(folder: Path, n_files: int) -> Path:
    """Make a folder with files in folders, beside what is no sound."""
    for n in range(n_files):
        path = folder / f"day {n % 7}" / f"{n:03}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"sound {n}".encode())
    (folder / ".DS_Store").write_bytes(b"not for anybody")
    (folder / "letter.txt").write_text("no sound")
    return folder


def test_a_folder_of_hundreds_becomes_one_job(
    open_page: Open, context: ApiContext, tmp_path: Path
) -> None:
    page = open_page(1200)
    page.set_input_files("#folder", make_folder(tmp_path / "week", N_FILES))
    expect(page.locator("#files-said")).to_contain_text(f"Files: {N_FILES}")
    expect(page.locator("#files-said")).to_contain_text("2 left out")
    expect(page.locator("#estimate-said")).to_contain_text(f"Items: {N_FILES}")
    page.get_by_label("Name").fill("Week 3")
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/\d+$"), timeout=200_000)
    expect(page.get_by_role("heading", name="Week 3")).to_be_visible()
    assert len(titles(context)) == N_FILES
    assert "week/day 3/003.wav" in titles(context)


def test_files_that_are_dropped_go_with_links(open_page: Open, context: ApiContext) -> None:
    page = open_page(1200)
    page.evaluate(DROP, ["하나.wav", "b.wav"])
    expect(page.locator("#files-said")).to_contain_text("Files: 2")
    page.get_by_label("Sources").fill("https://media.example/talk.mp3")
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/\d+$"))
    assert set(titles(context)) == {"하나.wav", "b.wav", "https://media.example/talk.mp3"}


def test_an_estimate_moves_nothing_while_a_button_is_pressed(open_page: Open) -> None:
    page = open_page(1200)
    page.get_by_label("Sources").fill("https://media.example/talk.mp3")
    button = page.get_by_role("button", name="Submit", exact=True)
    button.hover()
    page.mouse.down()  # the sources have lost the focus: they are counted
    pressed = button.bounding_box()
    page.wait_for_timeout(500)
    assert page.locator("#estimate").is_hidden()
    assert button.bounding_box() == pressed
    page.mouse.move(0, 0)  # not there after all
    page.mouse.up()
    expect(page.locator("#estimate-said")).to_contain_text("Items: 1")
    assert button.bounding_box() == pressed


def test_a_sweep_s_sources_are_estimated_as_a_job_s_are(open_page: Open) -> None:
    page = open_page(1200)
    page.goto("/sweeps")
    page.get_by_label("Sources").fill("https://media.example/talk.mp3")
    page.locator("#only_new").uncheck()
    expect(page.locator("#estimate-said")).to_contain_text("Items: 1")
    page.locator("#only_new").check()  # who wants what is new has each link asked
    expect(page.locator("#estimate-problems")).to_contain_text("media.example")
    page.get_by_label("Sources").fill("nobody://knows.this")
    page.get_by_role("button", name="Count again").click()
    expect(page.locator("#estimate-said")).to_contain_text("nobody://knows.this")


def test_files_are_sent_with_every_option_of_the_form(open_page: Open) -> None:
    page = open_page(1200)
    page.evaluate(DROP, ["a.wav"])
    page.locator("details.more summary").click()
    boxes = page.locator("form input[type=checkbox][name]")
    asked = {str(box.get_attribute("name")) for box in boxes.all()}
    for box in boxes.all():
        box.check()
    page.locator("#at_once").fill("3")
    page.locator("#keep_media_days").fill("0")
    page.locator("#hop_s").select_option("0.5")
    page.locator("#cookies").fill(COOKIES)
    page.locator("#login").select_option("first")
    with page.expect_request(
        lambda request: request.method == "POST" and request.url.endswith("/v1/jobs")
    ) as sent:
        page.get_by_role("button", name="Submit", exact=True).click()
    body = sent.value.post_data_json or {}
    assert {name for name in asked if body.get(name) is True} == asked
    assert (body["at_once"], body["keep_media_days"], body["hop_s"]) == (3, 0, 0.5)
    assert (body["cookies"], body["login"]) == (COOKIES, "first")
    page.wait_for_url(re.compile(r"/jobs/\d+$"))


def test_a_large_file_goes_on_after_the_page_was_left(
    open_page: Open, context: ApiContext, tmp_path: Path
) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(bytes(LARGE_BYTES))
    page = open_page(1200)
    page.on("dialog", lambda dialog: dialog.accept())
    asked: list[int] = []

    def second_piece_hangs(route: Route) -> None:
        offset = int(route.request.headers["upload-offset"])
        asked.append(offset)
        if offset == 0:
            route.continue_()  # the others are never answered

    page.route("**/v1/uploads/*", lambda route: (
        second_piece_hangs(route) if route.request.method == "PATCH" else route.continue_()
    ))  # fmt: skip
    page.set_input_files("#files", path)
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#sending-said")).to_contain_text("44 %")
    page.goto("/jobs/new")
    page.unroute_all(behavior="ignoreErrors")
    resumed: list[int] = []
    page.on(
        "request",
        lambda request: (
            resumed.append(int(request.headers["upload-offset"]))
            if request.method == "PATCH"
            else None
        ),
    )
    page.set_input_files("#files", path)
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/\d+$"))
    assert resumed[0] == 4 << 20
    assert 0 not in resumed
    assert titles(context) == ["talk.wav"]


def test_a_file_that_is_refused_is_named_and_no_job_begins(
    open_page: Open, context: ApiContext
) -> None:
    page = open_page(1200)
    said = json.dumps({"detail": "This file is not taken.", "code": "too_large"})
    page.route(
        "**/v1/uploads",
        lambda route: route.fulfill(status=413, body=said, content_type="application/problem+json"),
    )
    page.evaluate(DROP, ["a.wav"])
    page.get_by_role("button", name="Submit", exact=True).click()
    problems = page.locator("#sending-problems")
    expect(problems).to_contain_text("a.wav was not sent: This file is not taken.")
    expect(problems).to_contain_text("No job was begun")
    assert titles(context) == []


@pytest.mark.parametrize("wide", [1200, 400])
def test_the_page_with_files_and_an_estimate_passes_axe(open_page: Open, wide: int) -> None:
    page = open_page(wide)
    page.evaluate(DROP, ["a.wav"])
    page.get_by_label("Sources").fill("https://media.example/talk.mp3")
    page.get_by_label("Name").focus()
    expect(page.locator("#estimate-said")).to_contain_text("Items: 2")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_a_korean_reader_gets_the_page_in_korean(open_page: Open) -> None:
    page = open_page(1200)
    page.set_extra_http_headers({"accept-language": "ko-KR"})
    page.goto("/jobs/new")
    page.evaluate(DROP, ["a.wav"])
    expect(page.locator("#files-said")).to_contain_text("파일 1개")
