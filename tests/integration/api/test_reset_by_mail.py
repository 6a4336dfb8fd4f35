"""A forgotten password, from the page to the letter and back."""

import dataclasses
import re
import time
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from tests.integration.api.conftest import PASSWORD
from tests.local_mail import Mailbox, local_mail

pytestmark = pytest.mark.postgres
MOST_S = 30.0  # for a letter that takes no time on a quiet machine
Open = Callable[[str], TestClient]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with local_mail() as mailbox:
        yield mailbox


@pytest.fixture
def open_site(context: ApiContext, mailbox: Mailbox) -> Open:
    """Give a browser of the pages, by the public URL that is set."""
    context.people.sign_up("ada@example.org", PASSWORD)

    def open_site(public_url: str) -> TestClient:
        own = dataclasses.replace(
            context,
            settings=context.settings.model_copy(update={"public_url": public_url}),
            jobs_settings=context.jobs_settings.model_copy(update={"mail": mailbox.settings}),
        )
        app = create_app(own, create_pages(own))
        return TestClient(app, raise_server_exceptions=False, follow_redirects=False)

    return open_site


def letter_of(mailbox: Mailbox) -> str:
    """Return the one letter that came."""
    until = time.monotonic() + MOST_S
    while not mailbox.letters and time.monotonic() < until:
        time.sleep(0.02)
    (letter,) = mailbox.letters
    assert letter["to"] == "ada@example.org", "as it is known, not as it was typed"
    return str(letter.get_payload())


def test_the_letter_s_link_sets_a_password_once(open_site: Open, mailbox: Mailbox) -> None:
    site = open_site("http://verity.example.org")
    told = site.post("/forgot", data={"email": "Ada@Example.org"}, headers={"host": "evil.test"})
    unknown = site.post("/forgot", data={"email": "nobody@example.org"})
    assert (unknown.status_code, unknown.text) == (told.status_code, told.text)
    letter = letter_of(mailbox)
    assert "evil.test" not in letter
    (path,) = re.findall(r"http://verity\.example\.org(/reset/\S+)", letter)
    assert site.get(path).status_code == 200
    assert site.post(path, data={"password": "short"}).status_code == 422, "the link stays good"
    new = {"password": "another four plain words"}
    assert site.post(path, data=new).headers["location"] == "/sign-in"
    assert site.post(path, data=new).status_code == 422
    signed_in = {"email": "ada@example.org", "password": new["password"]}
    assert site.post("/v1/sessions", json=signed_in).status_code == 201


def test_no_link_is_built_on_a_host_that_the_request_names(
    open_site: Open, mailbox: Mailbox
) -> None:
    site = open_site("")
    ask = {"email": "ada@example.org"}
    for host in ("evil.test", "localhost.evil.test"):
        assert site.post("/forgot", data=ask, headers={"host": host}).status_code == 200
    assert site.post("/forgot", data=ask, headers={"host": "localhost:8080"}).status_code == 200
    assert "http://localhost:8080/reset/" in letter_of(mailbox), "this very machine"
