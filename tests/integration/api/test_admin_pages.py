"""The pages of administration: they say what there is in words, and show what their reader may see."""

import html
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.pages.words import languages, page_words
from console.people.roles import Role
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.test_admin import fail_items

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
OWN = ["/admin", "/people", "/keys", "/access", "/admin/feedback", "/admin/audit", "/admin/models"]
SITE = ["/admin/fleet", "/admin/accounts", "/admin/people", "/admin/settings"]


@pytest.fixture
def ada(context: ApiContext) -> Iterator[TestClient]:
    """Give a browser of the operator, on the pages."""
    app: FastAPI = create_app(context, create_pages(context))
    with TestClient(app) as client:
        client.post("/sign-up", data={"email": "ada@example.org", "password": PASSWORD})
        yield client


def csrf(client: TestClient) -> str:
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', client.get("/account").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_says_what_there_is_where_there_is_nothing_yet(
    ada: TestClient, language: str
) -> None:
    ada.cookies.set("verity_language", language)
    words = page_words(language)
    for path, key in {
        "/admin": "failures_none",
        "/admin/fleet": "workers_none",
        "/admin/audit": "audit_none",
        "/admin/feedback": "feedback_none",
        "/admin/people?search=nobody-here": "people_none",
    }.items():
        assert words[f"admin.{key}"] in html.unescape(ada.get(path).text), path


def test_a_models_tests_are_named_as_in_reports(ada: TestClient) -> None:
    for language, said in {"en": "the held-back test (fold 4)", "ko": "깨끗한 소리"}.items():
        ada.cookies.set("verity_language", language)
        assert said in html.unescape(ada.get("/admin/models").text)


def test_an_accounts_admin_is_not_led_to_the_installation(
    ada: TestClient, context: ApiContext
) -> None:
    context.people.sign_up("bo@example.org", PASSWORD)
    app: FastAPI = create_app(context, create_pages(context))
    with TestClient(app) as bo:
        bo.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
        page = bo.get("/admin").text
        assert [path for path in OWN if f'href="{path}"' in page] == OWN
        assert [path for path in SITE if f'href="{path}"' in page] == []
        assert {bo.get(path).status_code for path in SITE} == {403}
        assert bo.get("/admin?everywhere=true").status_code == 403


def test_what_failed_is_a_sentence_and_is_tried_again_by_a_button(
    ada: TestClient, engine: Engine
) -> None:
    token = csrf(ada)
    ada.post("/jobs/new", data={"sources": "https://example.org/a.mp3", "csrf": token})
    fail_items(engine, "media_corrupt")
    ada.cookies.set("verity_language", "ko")
    assert "media_corrupt" in ada.get("/admin").text
    page = ada.post("/admin/failures/media_corrupt/retry", data={"csrf": token})
    assert page_words("ko")["admin.retried"].format(n=1) in page.text
    assert page_words("ko")["admin.failures_none"] in page.text


def test_somebody_is_locked_out_and_let_in_again_by_the_page(
    ada: TestClient, context: ApiContext
) -> None:
    eve = context.people.sign_up(
        "eve@example.org",
        PASSWORD,
        "",
        context.members.invite("default", "eve@example.org", Role.READER),
    )
    token = csrf(ada)
    page = ada.post(f"/admin/people/{eve}/disabled", data={"csrf": token, "disabled": "true"})
    assert page_words("en")["admin.locked"] in page.text
    page = ada.post(f"/admin/people/{eve}/disabled", data={"csrf": token, "disabled": "false"})
    assert page_words("en")["admin.locked"] not in page.text


def test_the_page_of_the_audit_log_says_whether_the_chain_holds(ada: TestClient) -> None:
    page = ada.post("/admin/audit/check", data={"csrf": csrf(ada)})
    assert page_words("en")["admin.chain_holds"].format(n=0) in page.text
    assert ada.get("/admin/audit?event=&job_id=&item_id=").status_code == 200


def test_a_page_that_fails_unexpectedly_says_so_in_words(
    context: ApiContext, ada: TestClient
) -> None:
    context.engine.dispose()
    pages = create_pages(context)

    @pages.get("/broken")
    def broken() -> None:
        raise RuntimeError("an inner thing")

    with TestClient(create_app(context, pages), raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert page_words("en")["error.unexpected"] in html.unescape(answer.text)
    assert "an inner thing" not in answer.text


def test_all_languages_have_the_same_words() -> None:
    keys = {language: set(page_words(language)) for language in languages()}
    assert len({frozenset(one) for one in keys.values()}) == 1, keys["en"] ^ keys["ko"]
