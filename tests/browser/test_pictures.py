"""The manual's pictures: the main pages at three widths, small enough to be looked at beside the text.

`pytest tests/browser/test_pictures.py --pictures docs/pictures` takes them again; without the option only
what lies there is looked at.
"""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.newsroom import Newsroom
from tests.makers import synthetic_sample, write_wav

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
KEPT = Path(__file__).resolve().parents[2] / "docs" / "pictures"
WIDTHS = ((1440, "light"), (900, "dark"), (400, "light"))
HIGH = 1000
ITEM_HIGH = 1250  # down to the table of seconds
MOST_BYTES = 60_000
MOST_BYTES_IN_ALL = 1_500_000
PAGES = ("try", "finding", "submit", "jobs", "job", "item", "sweeps", "fleet", "search", "notices")


def test_pictures_are_there_and_small() -> None:
    sizes = {path.name: path.stat().st_size for path in KEPT.iterdir()}
    assert set(sizes) == {f"{page}-{wide}.webp" for page in PAGES for wide, _ in WIDTHS}
    assert {name: size for name, size in sizes.items() if size >= MOST_BYTES} == {}
    assert sum(sizes.values()) < MOST_BYTES_IN_ALL


@pytest.mark.parametrize(("wide", "scheme"), WIDTHS)
def test_pictures_are_taken(
    enter: Enter,
    newsroom: Newsroom,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    wide: int,
    scheme: str,
) -> None:
    folder = pytestconfig.getoption("--pictures")
    if folder is None:
        pytest.skip("takes the manual's pictures again: --pictures docs/pictures")
    page = enter(wide, scheme)
    paths = {
        "try": "/try",
        "submit": "/jobs/new",
        "jobs": "/jobs",
        "job": f"/jobs/{newsroom.job_id}",
        "item": f"/items/{newsroom.item_id}",
        "sweeps": f"/sweeps/{newsroom.sweep_id}",
        "fleet": "/admin/fleet",
        "search": "/search?search=the",
        "notices": "/notices",
    }
    for name, path in paths.items():
        newsroom.say_here()
        page.goto(path)
        if name == "item":
            listen(page)
        take(page, Path(folder) / f"{name}-{wide}.webp", ITEM_HIGH if name == "item" else HIGH)
    write_wav(tmp_path / "voice-message.wav", synthetic_sample())
    page.goto("/try")
    page.set_input_files("#file", tmp_path / "voice-message.wav")
    expect(page.locator(".result .headline")).to_be_visible(timeout=120_000)
    take(page, Path(folder) / f"finding-{wide}.webp", ITEM_HIGH)


def listen(page: Page) -> None:
    """Move the cursor into a marked stretch, and wait for the sound's pictures."""
    expect(page.locator("#rows tr")).to_have_count(40)
    page.wait_for_load_state("networkidle")
    page.get_by_role("slider").focus()
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)


def take(page: Page, path: Path, high: int) -> None:
    """Write what is seen as WebP, which only the browser's own protocol gives; coarser where it is large."""
    wide = page.viewport_size["width"] if page.viewport_size else 0
    whole = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": wide, "height": min(whole, high)})
    page.wait_for_timeout(300)
    session = page.context.new_cdp_session(page)
    for quality in (80, 60, 40, 20):
        wanted = {"format": "webp", "quality": quality}
        content = base64.b64decode(session.send("Page.captureScreenshot", wanted)["data"])
        if len(content) < MOST_BYTES:
            break
    path.write_bytes(content)
    page.set_viewport_size({"width": wide, "height": 900})
