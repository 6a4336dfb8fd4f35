"""With keys alone, from the top of each page: submit a job, walk an item's seconds, say what one thinks.

No test here clicks, nor sets the focus by script: what Tab does not reach is not there for everybody.
"""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SOON_MS, Enter
from tests.browser.newsroom import COLLEAGUE, Newsroom

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]
MOST_TABS = 120


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something is in focus, which must be seen there."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            shown = page.evaluate(
                "(([place, style]) => [style.outlineStyle, place.width, place.height])"
                "([document.activeElement.getBoundingClientRect(),"
                " getComputedStyle(document.activeElement)])"
            )
            assert shown[0] != "none", f"{selector}: its focus is not shown"
            assert min(shown[1:]) >= 1, f"{selector}: it has no room"
            return
    raise AssertionError(f"Tab does not reach {selector}")


def until(page: Page, expression: str) -> None:
    """Wait until an expression holds; Playwright's own waiting needs `eval`, which our policy forbids."""
    deadline = time.monotonic() + SOON_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(100)


def test_a_job_with_options_is_submitted(enter: Enter) -> None:
    page = enter()
    page.goto("/")
    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    tab_to(page, "main a[href='/jobs/new']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/new")
    tab_to(page, "#sources")
    page.keyboard.type("https://example.org/a.mp3")
    tab_to(page, "#name")
    page.keyboard.type("By keys")
    tab_to(page, "details.more summary")
    page.keyboard.press("Enter")
    tab_to(page, "#clips")
    page.keyboard.press("Space")
    tab_to(page, "#keep_media_days")
    page.keyboard.type("3")
    tab_to(page, "#submit-go")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="By keys")).to_be_visible()
    tab_to(page, "form[action$='/pause'] button")
    page.keyboard.press("Enter")
    expect(page.locator("#progress strong")).to_have_text("paused")


def test_an_item_s_seconds_are_walked_and_one_says_what_one_thinks(
    enter: Enter, newsroom: Newsroom
) -> None:
    page = enter(email=COLLEAGUE)
    page.goto(f"/items/{newsroom.item_id}")
    until(page, "document.querySelectorAll('#rows tr').length > 0")
    tab_to(page, "#stage")
    at = "Number(document.getElementById('stage').getAttribute('aria-valuenow'))"
    for key, wanted in (("ArrowRight", 1), ("ArrowRight", 2), ("PageUp", 12), ("ArrowLeft", 11)):
        page.keyboard.press(key)
        until(page, f"{at} === {wanted}")
    said = page.locator("#stage").get_attribute("aria-valuetext")
    assert said is not None
    assert said.startswith("0:11")
    page.keyboard.press("n")
    until(page, f"{at} > 11")
    page.keyboard.press("Home")
    until(page, f"{at} === 0")
    page.keyboard.press("+")
    until(page, "!document.getElementById('far').parentElement.hidden")
    page.keyboard.press("0")
    tab_to(page, "#feedback input[type='radio']")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # to the next choice
    tab_to(page, "#why")
    page.keyboard.type("The line is bad.")
    tab_to(page, "#feedback form .actions button")
    page.keyboard.press("Enter")
    page.wait_for_url("**#feedback")
    expect(page.locator("#feedback input[value='disagree']")).to_be_checked()
    tab_to(page, "#feedback details summary")
    page.keyboard.press("Enter")
    expect(page.locator("#feedback .quote")).to_have_text("The line is bad.")


def test_items_are_searched_and_a_subscription_is_made(enter: Enter, newsroom: Newsroom) -> None:
    page = enter()
    page.goto("/search")
    tab_to(page, "#search")
    page.keyboard.type("minister")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?search=minister*")
    tab_to(page, f"a[href='/items/{newsroom.item_id}']")
    page.goto("/notices")
    tab_to(page, "#target")
    page.keyboard.type("keys@newsroom.example")
    tab_to(page, "input[name='events'][value='job.done']")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")  # a form is sent from any of its fields
    expect(page.get_by_text("keys@newsroom.example")).to_be_visible()
