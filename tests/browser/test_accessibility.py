"""WCAG 2.2 AA by axe, at three widths and in the dark; everything by keyboard."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.makers import synthetic_sample, write_wav

pytestmark = [pytest.mark.postgres, pytest.mark.ray, pytest.mark.timeout(240)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PAGES = [
    "/",
    "/try",
    "/jobs",
    "/jobs/new",
    "/sweeps",
    "/keys",
    "/people",
    "/access",
    "/admin",
    "/admin/models",
    "/admin/audit",
    "/admin/feedback",
    "/account",
    "/nothing",
]


def complaints(page: Page) -> list[str]:
    """Return what axe finds, a line for each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-up", "/forgot"])
def test_a_visitors_pages_pass_axe(visit: Visit, path: str) -> None:
    page = visit()
    page.goto(path)
    assert complaints(page) == []


@pytest.mark.parametrize(("wide", "scheme"), [(1200, "light"), (768, "dark"), (400, "light")])
def test_every_page_passes_axe_and_fits_its_width(signed_up: Visit, wide: int, scheme: str) -> None:
    page = signed_up("ada", wide, scheme)
    for path in PAGES:
        page.goto(path)
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= wide, path


def test_a_finding_passes_axe(signed_up: Visit, tmp_path: Path) -> None:
    write_wav(tmp_path / "said.wav", synthetic_sample())
    page = signed_up("ada", 400, "dark")
    page.goto("/try")
    page.set_input_files("#file", tmp_path / "said.wav")
    expect(page.locator(".result .headline")).to_be_visible()
    assert complaints(page) == []


def test_a_job_is_submitted_by_keyboard_alone(signed_up: Visit) -> None:
    page = signed_up()
    page.goto("/jobs/new")
    page.get_by_label("Sources").focus()
    page.keyboard.type("https://example.org/a.mp3")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Submit":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
