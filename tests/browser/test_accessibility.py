"""WCAG 2.2 AA by axe on every page, at three widths, in the dark and in Korean (by keyboard: `test_keyboard.py`).

The pages are those of a newsroom (`newsroom.py`): with jobs, findings of every kind, sweeps and a fleet.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console.pages.words import page_words
from tests.browser.conftest import Enter
from tests.browser.newsroom import Newsroom, paths_of
from tests.makers import synthetic_sample, write_wav

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(400)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
LEAST_CHARS = 12  # of words that may not stand on a page of another language


def complaints(page: Page) -> list[str]:
    """Return what axe finds, a line for each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def english_left(page: Page) -> list[str]:
    """Return our English words that a Korean page shows."""
    korean = page_words("ko")
    shown = page.locator("body").inner_text()
    return [
        said
        for key, said in page_words("en").items()
        if len(said) >= LEAST_CHARS and "{" not in said and said != korean[key] and said in shown
    ]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-up", "/forgot"])
def test_a_visitors_pages_pass_axe(enter: Enter, path: str) -> None:
    page = enter(email="")
    page.goto(path)
    assert complaints(page) == []


@pytest.mark.parametrize(
    ("wide", "scheme", "locale"),
    [(1440, "light", "en-GB"), (900, "dark", "en-GB"), (400, "dark", "ko-KR")],
)
def test_every_page_passes_axe_and_fits_its_width(
    enter: Enter, newsroom: Newsroom, wide: int, scheme: str, locale: str
) -> None:
    page = enter(wide, scheme, locale)
    for path in paths_of(newsroom):
        page.goto(path)
        assert complaints(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= wide, path
        if locale == "ko-KR":
            assert english_left(page) == [], path


def test_a_finding_passes_axe(enter: Enter, tmp_path: Path) -> None:
    write_wav(tmp_path / "said.wav", synthetic_sample())
    page = enter(400, "dark")
    page.goto("/try")
    page.set_input_files("#file", tmp_path / "said.wav")
    expect(page.locator(".result .headline")).to_be_visible()
    assert complaints(page) == []
