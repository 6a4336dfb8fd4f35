"""Pages of the console as their reader meets them: words that fit, and work that needs no script."""

import html
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.pages.words import page_words
from jobs.work_queue import WorkQueue
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.test_admin_pages import csrf
from tests.integration.jobs.queue_makers import CORRUPT, make_job

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
FIRST = page_words("en")["home.first"]
AWS = {"source": "s3://press/in", "access_key": "AKIAX", "secret_key": "hidden-words"}


@pytest.fixture
def visitor(context: ApiContext) -> Iterator[TestClient]:
    """Give a browser on the pages in which nobody is signed in."""
    with TestClient(create_app(context, create_pages(context))) as client:
        yield client


@pytest.fixture
def ada(visitor: TestClient) -> TestClient:
    visitor.post("/sign-up", data={"email": "ada@example.org", "password": PASSWORD})
    return visitor


def text_of(client: TestClient, path: str, language: str = "en") -> str:
    return html.unescape(client.get(path, headers={"accept-language": language}).text)


def test_only_the_very_first_visitor_is_told_to_run_the_installation(visitor: TestClient) -> None:
    assert FIRST in text_of(visitor, "/")
    visitor.post("/sign-up", data={"email": "ada@example.org", "password": PASSWORD})
    visitor.cookies.clear()
    assert FIRST not in text_of(visitor, "/")


def test_one_session_is_ended_and_the_others_stay(ada: TestClient, context: ApiContext) -> None:
    person = context.people.sign_up("bo@example.org", PASSWORD)
    assert person
    context.people.sign_in("ada@example.org", PASSWORD, "", browser="Lost telephone")
    shown = text_of(ada, "/account")
    assert "Lost telephone" in shown
    (place,) = re.findall(r'action="(/account/sessions/[0-9a-f]+/end)"', shown)
    ada.post(place, data={"csrf": csrf(ada)})
    after = text_of(ada, "/account")
    assert "Lost telephone" not in after
    assert ada.get("/v1/me").status_code == 200


def test_a_key_says_when_it_ends(ada: TestClient) -> None:
    ada.post("/keys", data={"csrf": csrf(ada), "name": "Script", "days": "30"})
    ada.post("/keys", data={"csrf": csrf(ada), "name": "For ever", "days": ""})
    ends = {one["name"]: one["expires_at"] for one in ada.get("/v1/keys").json()}
    assert ends["For ever"] is None
    assert ends["Script"] is not None


def test_a_link_is_answered_by_a_whole_page_where_no_script_asks(ada: TestClient) -> None:
    shown = ada.post("/try/link", data={"csrf": csrf(ada), "url": "http://169.254.169.254/"})
    assert shown.status_code >= 400
    assert "<html" in shown.text
    assert 'role="alert"' in shown.text


def test_failures_of_a_job_are_said_in_the_readers_language(
    ada: TestClient, engine: Engine
) -> None:
    queue = WorkQueue(engine)
    job = make_job(queue, 1)
    queue.fail(queue.claim("worker")[0], CORRUPT)
    queue.tend()
    queue.close()
    assert "The file is damaged" in text_of(ada, f"/jobs/{job.job_id}")
    assert "파일이 손상되어" in text_of(ada, f"/jobs/{job.job_id}", "ko")


def test_a_bucket_is_bound_tried_and_removed_on_its_page(ada: TestClient) -> None:
    token = {"csrf": csrf(ada)}
    wrong = ada.post("/connections", data={**AWS, **token, "name": "Not A Name"})
    assert 'role="alert"' in wrong.text
    wrong = ada.post("/connections", data={**AWS, **token, "name": "press", "region": "Nowhere!"})
    assert page_words("en")["connections.region"] in html.unescape(wrong.text)
    shown = ada.post("/connections", data={**AWS, **token, "name": "press"}).text
    assert "s3://press/in" in shown
    assert "hidden-words" not in shown
    ada.post("/connections/press/remove", data=token)
    assert page_words("en")["connections.none"] in text_of(ada, "/connections")


def test_a_job_s_page_gives_its_reports_in_the_reader_s_language(
    ada: TestClient, engine: Engine
) -> None:
    queue = WorkQueue(engine, may_listen=False)
    job_id = make_job(queue, 1).job_id
    queue.close()
    shown = text_of(ada, f"/jobs/{job_id}", "ko")
    for kind in ("pdf", "xlsx", "csv", "json", "zip"):
        assert f'href="/jobs/{job_id}/report.{kind}?language=ko"' in shown
    for name in ("reports", "reports_open", "reports_text"):
        assert page_words("ko")[f"jobs.{name}"] in shown
    ada.post(f"/v1/jobs/{job_id}/cancel", headers={"x-csrf-token": csrf(ada)})
    assert page_words("en")["jobs.reports_open"] not in text_of(ada, f"/jobs/{job_id}")


def test_another_language_stays_on_the_page_with_what_was_searched(ada: TestClient) -> None:
    shown = text_of(ada, "/search?search=a+b&show=failed")
    (back,) = re.findall(r'name="back" value="([^"]+)"', shown)
    assert back == "/search?search=a+b&show=failed"
    asked = {"csrf": csrf(ada), "language": "ko", "back": back}
    led = ada.post("/language", data=asked, follow_redirects=False)
    assert led.headers["location"] == back
    named = {"csrf": csrf(ada), "name": "Ada"}
    renamed = ada.post("/account/name", data=named, headers={"referer": f"{ada.base_url}/account"})
    assert 'name="back" value="/account"' in renamed.text


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_the_choice_of_a_language_leads_to_no_other_site(ada: TestClient, back: str) -> None:
    asked = {"csrf": csrf(ada), "language": "ko", "back": back}
    led = ada.post("/language", data=asked, follow_redirects=False)
    assert led.headers["location"] == "/"


def test_where_there_is_no_page_somebody_signed_in_stays_so(ada: TestClient) -> None:
    words = page_words("en")
    for path in ("/nothing", "/account/name", "/items/999999"):
        shown = text_of(ada, path)
        assert words["site.sign_out"] in shown, path
        assert "Method Not Allowed" not in shown
    ada.cookies.clear()
    assert words["site.sign_in"] in text_of(ada, "/nothing")
