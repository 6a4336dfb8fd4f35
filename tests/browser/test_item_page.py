"""The page that an analyst lives in: a second is clicked and heard, cursor and row follow; as a user sees it.

The items are written as a fleet writes them, without one: no Ray is needed here.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect
from pydantic import SecretStr

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.people.desk import SignUp
from console.settings import ConsoleSettings
from jobs.settings import JobsSettings
from pipeline.traces import Traces
from storage.database import connect_engine
from storage.objects import FolderStore
from storage.postgres_server import PostgresServer
from storage.sealing import Sealer
from tests.browser.test_accessibility import complaints
from tests.conftest import fresh_database
from tests.integration.api.conftest import PASSWORD, serving
from tests.integration.items.item_maker import finished_item, minute_of_sound
from tests.unit.reports.report_maker import (
    failed_report,
    long_report,
    not_applicable_report,
    steady_report,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]
WAIT_MS = 60_000
EMAIL = "ada@example.org"
Look = Callable[..., Page]
# how often a second that was to end at 6 is seen to go on when the next picture is drawn
COUNT_LATE_FRAMES = """() => {
  const sound = document.getElementById("sound");
  window.lateFrames = 0;
  const look = () => {
    if (!sound.paused && sound.currentTime >= 6) window.lateFrames += 1;
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def context(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiContext]:
    """Keep the desks of an installation."""
    folder: Path = tmp_path_factory.mktemp("item-page")
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    console = ConsoleSettings({"VERITY_VAR": str(folder / "var")})
    with fresh_database(postgres_server) as url, open_examining(jobs, folder / "temp") as examining:
        engine = connect_engine(url)
        settings = ApiSettings(sign_up=SignUp.OPEN, requests_a_minute=0)
        objects = FolderStore(folder / "objects")
        yield ApiContext(settings, engine, objects, jobs, examining, console)
        engine.dispose()


@pytest.fixture(scope="module")
def url(context: ApiContext) -> Iterator[str]:
    """Serve API and pages on a real socket."""
    context.people.sign_up(EMAIL, PASSWORD, "Ada")
    with serving(create_app(context, create_pages(context))) as url:
        yield url


@pytest.fixture(scope="module")
def item(context: ApiContext, url: str) -> str:
    """Keep an item whose medium is kept."""
    assert url
    return finished_item(context, "default", medium=minute_of_sound(51), with_pdf=True).item_id


@pytest.fixture
def look(chromium: Browser, url: str) -> Iterator[Look]:
    """Give a function that opens an item's page, signed in; errors of its scripts are failures."""
    said: list[str] = []
    contexts = []

    def look(item_id: str, wide: int = 1200, scheme: str = "light", locale: str = "en-GB") -> Page:
        context = chromium.new_context(
            base_url=url,
            viewport={"width": wide, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
        )
        contexts.append(context)
        person = {"email": EMAIL, "password": PASSWORD}
        assert context.request.post("/v1/sessions", data=person, timeout=WAIT_MS).ok
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "console",
            lambda one: said.append(one.text) if "Content Security Policy" in one.text else None,
        )
        page.goto(f"/items/{item_id}")
        return page

    yield look
    for context in contexts:
        context.close()
    assert said == []


def click_second(page: Page, second: float, end_s: float = 60.0) -> None:
    """Click the timeline where a second is drawn."""
    ruler = page.locator("#ruler").bounding_box()
    assert ruler is not None
    x = ruler["x"] + (second + 0.5) / end_s * ruler["width"]
    page.mouse.click(x, ruler["y"] + ruler["height"] / 2)


def until(page: Page, expression: str) -> None:
    """Wait until an expression holds; Playwright's own waiting needs `eval`, which our policy forbids."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(100)


def test_the_page_shows_what_moved_the_clearest_seconds_scores_in_words_too(
    look: Look, item: str
) -> None:
    page = look(item, wide=400, locale="ko-KR")
    panel = page.locator(".explained")
    expect(panel.locator("img")).to_have_count(4)
    assert page.evaluate(
        "[...document.querySelectorAll('.explained img')].every((one) => one.naturalWidth > 0)"
    )
    alt = panel.locator("img").first.get_attribute("alt")
    assert alt is not None
    assert alt.count("+") + alt.count("\u2212") == 14
    assert "LLR" in alt
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert complaints(page) == []


def test_a_second_is_clicked_and_heard_and_cursor_and_row_follow(look: Look, item: str) -> None:
    page = look(item)
    expect(page.locator("#rows tr")).to_have_count(40)
    click_second(page, 14)
    cursor_at = "Number(document.getElementById('stage').getAttribute('aria-valuenow'))"
    until(page, f"{cursor_at} >= 15")  # it follows what is heard
    assert page.evaluate("document.getElementById('sound').currentTime") >= 15
    page.get_by_role("button", name="Pause").click()
    marked = page.locator("#rows tr[aria-current='true']")
    expect(marked).to_have_count(1)
    second = page.evaluate(f"Math.floor({cursor_at})")
    assert marked.get_attribute("data-start") == str(second)
    readout = page.locator("#readout").inner_text()
    assert readout.startswith(f"0:{second}")
    ruler = page.locator("#ruler").bounding_box()
    cursor = page.locator("#cursor").bounding_box()
    assert ruler is not None
    assert cursor is not None
    drawn = (cursor["x"] + 1 - ruler["x"]) / ruler["width"] * 60
    clock = page.locator("#at").inner_text()  # such as 0:15.8
    assert abs(drawn - float(clock.partition(":")[2])) < 0.2


def test_a_row_of_the_table_plays_only_its_second(look: Look, item: str) -> None:
    page = look(item)
    page.get_by_label("One second only").check()
    page.evaluate(COUNT_LATE_FRAMES)
    page.locator("#rows").get_by_role("button", name="0:05").click()
    until(page, "document.getElementById('sound').currentTime > 5.5")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert page.evaluate("window.lateFrames") <= 1  # stopped as soon as the page could see its end
    assert page.evaluate("document.getElementById('sound').currentTime") >= 6
    expect(page.locator("#rows tr[aria-current='true']")).to_have_attribute("data-start", "5")


def test_keys_move_the_cursor_and_zoom(look: Look, item: str) -> None:
    page = look(item)
    stage = page.get_by_role("slider")
    stage.focus()
    for key in ("ArrowRight", "ArrowRight", "PageUp"):
        page.keyboard.press(key)
    expect(stage).to_have_attribute("aria-valuenow", "12.00")
    page.keyboard.press("n")
    expect(stage).to_have_attribute("aria-valuenow", "40.00")
    page.keyboard.press("p")
    expect(stage).to_have_attribute("aria-valuenow", "12.00")
    expect(page.locator(".strip.far")).to_be_hidden()
    page.keyboard.press("+")
    expect(page.locator(".strip.far")).to_be_visible()
    page.keyboard.press("0")
    expect(page.locator(".strip.far")).to_be_hidden()
    page.keyboard.press("End")
    expect(stage).to_have_attribute("aria-valuenow", "59.00")


def test_rows_that_come_when_the_cursor_has_gone_back_are_not_shown(look: Look, item: str) -> None:
    page = look(item)
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(40)
    held: list[Route] = []
    page.route("**/segments?from_s=40.000*", lambda route: held.append(route))
    stage = page.get_by_role("slider")
    stage.focus()
    with page.expect_request("**/segments?from_s=40.000*"):
        page.keyboard.press("End")
    page.keyboard.press("Home")
    with page.expect_response("**/segments?from_s=40.000*"):
        held[0].continue_()
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_attribute("aria-valuenow", "1.00")
    expect(rows).to_have_count(40)
    expect(page.locator("#rows tr[aria-current='true']")).to_have_attribute("data-start", "1")


def test_ten_hours_do_not_freeze_the_page(look: Look, context: ApiContext) -> None:
    claim = finished_item(context, "default", long_report())
    page = look(claim.item_id)
    expect(page.locator("#rows tr")).to_have_count(40)
    answers: list[Response] = []
    page.on("response", lambda one: answers.append(one) if "/v1/" in one.url else None)
    page.evaluate(
        "window.longest = 0; new PerformanceObserver((all) => { for (const one of all.getEntries())"
        " window.longest = Math.max(window.longest, one.duration); }).observe({type: 'longtask'})"
    )
    for _ in range(6):
        with page.expect_response("**/timeline*"):
            page.get_by_role("button", name="closer").click()
    click_second(page, 30)
    assert page.evaluate("document.querySelectorAll('*').length") < 1_500
    assert max(len(one.body()) for one in answers) < 100_000


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (not_applicable_report, "no voice here"),
        (lambda: steady_report(0.2), "inconclusive"),
        (failed_report, "could not be analysed"),
    ],
    ids=["not applicable", "inconclusive", "failed"],
)
def test_other_answers_have_the_same_page(
    look: Look, context: ApiContext, make: Callable[[], object], says: str
) -> None:
    report = make()
    claim = finished_item(context, "default", report)  # type: ignore[arg-type]
    page = look(claim.item_id)
    headline = page.locator(".verdict .headline")
    expect(headline).to_be_visible()
    assert says.lower() in headline.inner_text().lower()
    expect(page.get_by_role("heading", name="Custody")).to_be_visible()
    assert complaints(page) == []


def test_only_kept_seconds_are_heard_where_there_are_clips(look: Look, context: ApiContext) -> None:
    claim = finished_item(context, "default", steady_report(-3.0))
    page = look(claim.item_id)
    expect(page.locator("#sound-said")).to_contain_text("only the seconds that speak most clearly")
    page.locator("#rows").get_by_role("button", name="0:10").click()
    expect(page.locator("#sound-said")).to_contain_text("There is no sound of this second")
    page.locator("#rows").get_by_role("button", name="0:28").click()
    until(page, "document.getElementById('sound').src.includes('clip-28')")


def test_feedback_is_given_changed_and_an_opinion_signed(look: Look, item: str) -> None:
    page = look(item)
    feedback = page.locator("#feedback")
    feedback.get_by_label("disagree").check()
    feedback.get_by_label("Why? (optional)").fill("A telephone line.")
    feedback.get_by_role("button", name="Send").click()
    expect(feedback.get_by_role("button", name="Change my word")).to_be_visible()
    expect(feedback.get_by_label("disagree")).to_be_checked()
    opinions = page.locator("#opinions")
    opinions.get_by_text("Add a signed opinion").click()
    opinions.get_by_label("disagrees").check()
    opinions.get_by_label("Reasons").fill("Heard and measured.")
    opinions.get_by_role("button", name="Sign the opinion").click()
    expect(page.locator("#opinions")).to_contain_text("Heard and measured.")
    expect(page.locator("#opinions")).to_contain_text("version 2")


@pytest.mark.parametrize(
    ("wide", "scheme", "locale"),
    [
        (1200, "light", "en-GB"),
        (768, "dark", "en-GB"),
        (400, "dark", "en-GB"),
        (400, "light", "ko-KR"),
    ],
)
def test_the_page_passes_axe_and_fits_its_width(
    look: Look, item: str, wide: int, scheme: str, locale: str
) -> None:
    page = look(item, wide, scheme, locale)
    expect(page.locator("#rows tr")).to_have_count(40)
    page.wait_for_load_state("networkidle")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_a_report_without_sound_and_pictures_says_so_and_asks_for_nothing_that_is_not_there(
    look: Look, context: ApiContext
) -> None:
    plain = replace(steady_report(1.5), traces=Traces())
    page = look(finished_item(context, "default", plain).item_id, wide=400)
    missing: list[str] = []
    page.on("response", lambda one: missing.append(one.url) if one.status >= 400 else None)
    page.reload()
    expect(page.locator("#no-wave")).to_be_visible()
    expect(page.locator("#no-picture")).to_be_visible()
    expect(page.locator("#wave")).to_be_hidden()
    expect(page.locator("#rows tr").first).to_be_visible()
    assert missing == []
    assert complaints(page) == []
