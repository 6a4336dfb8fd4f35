"""A real Chromium over the running stack: `verity serve` with its worker, PostgreSQL and Ray."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from storage.postgres_server import PostgresServer
from tests.browser.newsroom import EMAIL, Newsroom, open_newsroom
from tests.conftest import fresh_database
from tests.integration.api.conftest import PASSWORD
from tests.local_site import Answer, LocalSite, local_site
from tests.makers import SAMPLE_RATE, synthetic_sample, wav_bytes

VERITY = Path(sys.executable).with_name("verity")
CHROMIUM = shutil.which("chromium")
START_S = 90
SOON_MS = 60_000  # what comes within a second or two; a busy machine needs more
expect.set_options(timeout=SOON_MS)  # its own five seconds are an idle machine's
# without these Chromium asks its maker's servers at every start
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running server, and a site beside it that media may be fetched from."""

    url: str
    site: LocalSite


@pytest.fixture(scope="session")
def stack(session_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Keep `verity serve` and its fleet worker for the session."""
    var = session_folder / f"browser-{uuid4().hex[:8]}"
    var.mkdir(mode=0o755)
    log = tmp_path_factory.mktemp("serve") / "log"
    with local_site() as site, log.open("wb") as said:
        site.answers["/said.wav"] = Answer(wav_bytes(synthetic_sample(), SAMPLE_RATE), "audio/wav")
        passed_on = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        environ = passed_on | {
            "VERITY_VAR": str(var),
            "VERITY_SIGN_UP": "open",
            "VERITY_FETCH_ALLOW": site.host,
            "OMP_NUM_THREADS": "1",
        }
        command = [str(VERITY), "serve", "--port", "0"]
        with subprocess.Popen(command, env=environ, stdout=said, stderr=said) as server:
            try:
                yield Stack(_wait_for_url(log, server), site)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(60)
    shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Keep Playwright's driver for the session."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Keep one Chromium for the session; each test has profiles of its own."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
    yield browser
    browser.close()


Visit = Callable[..., Page]
Enter = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, stack: Stack) -> Iterator[Visit]:
    """Give a function that opens a browser profile; what its console says is a failure."""
    contexts, complaints = [], []

    def visit(wide: int = 1200, scheme: str = "light", locale: str = "en-GB") -> Page:
        context = chromium.new_context(
            base_url=stack.url,
            viewport={"width": wide, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SOON_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type == "error" and "Content Security Policy" in said.text
                else None
            ),
        )
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def signed_up(visit: Visit) -> Visit:
    """Give a function that opens a profile in which somebody new has signed up."""

    def signed_up(name: str = "ada", wide: int = 1200, scheme: str = "light") -> Page:
        page = visit(wide, scheme)
        page.goto("/sign-up")
        page.get_by_label("Name").fill(name.title())
        page.get_by_label("E-mail").fill(f"{name}-{uuid4().hex[:8]}@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        page.wait_for_url("**/")
        return page

    return signed_up


@pytest.fixture(scope="session")
def newsroom(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newsroom]:
    """Keep a newsroom's installation for the session, in this process."""
    folder = tmp_path_factory.mktemp("newsroom")
    with fresh_database(postgres_server) as url, open_newsroom(url, folder) as newsroom:
        yield newsroom


@pytest.fixture
def enter(chromium: Browser, newsroom: Newsroom) -> Iterator[Enter]:
    """Give a function that opens the newsroom's pages, signed in unless `email` is empty."""
    contexts, complaints = [], []

    def enter(
        wide: int = 1200, scheme: str = "light", locale: str = "en-GB", email: str = EMAIL
    ) -> Page:
        context = chromium.new_context(
            base_url=newsroom.url,
            viewport={"width": wide, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            locale=locale,
        )
        contexts.append(context)
        if email:
            person = {"email": email, "password": PASSWORD}
            assert context.request.post("/v1/sessions", data=person, timeout=SOON_MS).ok
        page = context.new_page()
        page.set_default_timeout(SOON_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []


def _wait_for_url(log: Path, server: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if found := re.search(r"Voice Verity: (http://\S+)", log.read_text("utf-8", "replace")):
            return found[1]
        assert server.poll() is None, log.read_text("utf-8", "replace")
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8", "replace"))
