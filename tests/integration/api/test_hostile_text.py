"""Text that no database holds is refused wherever it stands; unknown routes of the API are problems."""

import pytest
from fastapi.testclient import TestClient

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from tests.integration.api.conftest import PASSWORD, Browse

pytestmark = pytest.mark.postgres
JSON = {"content-type": "application/json"}
NUL, HALF = "\\u0000", "\\ud800"  # as JSON writes them
BODIES = [
    ("POST", "/v1/sessions", '{"email": "ada@example.org", "password": "%s"}'),
    ("POST", "/v1/sessions", '{"email": "ada%s@example.org", "password": "x"}'),
    ("POST", "/v1/people", '{"email": "bo@example.org", "password": "four plain words %s"}'),
    ("PUT", "/v1/me/account", '{"account_id": "a%s"}'),
    ("POST", "/v1/jobs", '{"sources": ["https://example.org/%s"]}'),
    ("POST", "/v1/jobs", '{"sources": ["https://example.org/"], "%s": 1}'),
    ("POST", "/v1/jobs/estimate", '{"sources": ["https://example.org/%s"]}'),
    ("POST", "/v1/sweeps", '{"sources": ["https://example.org/%s"], "cron": "@daily"}'),
    ("POST", "/v1/keys", '{"name": "a%s"}'),
]
PATHS = [
    ("GET", "/v1/accounts/%00/quota"),
    ("GET", "/v1/keys/%00/quota"),
    ("DELETE", "/v1/keys/%00"),
    ("GET", "/v1/jobs/1/items?search=%00"),
    ("GET", "/v1/jobs?before=1&x=%00"),
]
DEEP = b"[" * 100_000 + b"]" * 100_000


def test_text_that_is_none_is_refused_wherever_it_stands(browse: Browse) -> None:
    ada = browse("ada@example.org")
    answers = [
        ada.request(method, path, content=body % mark, headers=JSON)
        for method, path, body in BODIES
        for mark in (NUL, HALF)
    ] + [ada.request(method, path) for method, path in PATHS]
    for answer in answers:
        assert answer.status_code == 422, (answer.request.url, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert ada.get("/v1/jobs").json()["jobs"] == []


def test_numbers_and_brackets_without_end_are_no_error_of_ours(browse: Browse) -> None:
    ada = browse("ada@example.org")
    far = "9" * 25
    for body in (DEEP, b'{"sources": ' + DEEP + b"}", b'{"sources": ' + b"9" * 100_000 + b"}"):
        assert ada.post("/v1/jobs", content=body, headers=JSON).status_code == 400
    for method, path in (
        ("POST", f"/v1/notices/{far}/replay"),
        ("DELETE", f"/v1/subscriptions/{far}"),
        ("GET", f"/v1/jobs/{far}"),
        ("GET", f"/v1/sweeps/1/runs/{far}/changes"),
    ):
        assert ada.request(method, path).status_code == 404


@pytest.fixture
def whole(context: ApiContext) -> TestClient:
    """Give a browser of the API with the pages."""
    context.people.sign_up("ada@example.org", PASSWORD)
    app = create_app(context, create_pages(context))
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def test_a_form_of_a_page_is_looked_at_too(whole: TestClient) -> None:
    answer = whole.post("/sign-in", data={"email": "ada\0@example.org", "password": "x"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_routes_that_are_not_there_are_problems_below_v1_and_pages_elsewhere(
    whole: TestClient,
) -> None:
    missing, wrong, page = whole.get("/v1/nothing"), whole.delete("/v1/jobs"), whole.get("/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"]
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
