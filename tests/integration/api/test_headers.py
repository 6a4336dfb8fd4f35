"""What surrounds every answer: headers against being framed, sniffed, kept or talked into scripts."""

import dataclasses

import pytest
from fastapi.testclient import TestClient

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from tests.integration.api.conftest import PASSWORD, Browse

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/style.css", "/v1/me", "/nowhere"])
def test_every_answer_carries_the_policy(context: ApiContext, path: str) -> None:
    with TestClient(create_app(context, create_pages(context))) as client:
        headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers


def test_answers_with_somebodys_data_are_not_kept_by_browsers(browse: Browse) -> None:
    ada = browse("ada@example.org")
    for path in ("/v1/me", "/v1/jobs", "/v1/access", "/v1/jobs/1"):
        assert ada.get(path).headers["cache-control"] == "no-store"


def test_over_https_cookies_are_bound_to_the_host_and_http_is_forgotten(
    context: ApiContext,
) -> None:
    settings = context.settings.model_copy(update={"public_url": "https://verity.example.org"})
    app = create_app(dataclasses.replace(context, settings=settings))
    with TestClient(app, base_url="https://verity.example.org") as client:
        person = {"email": "ada@example.org", "password": PASSWORD}
        client.post("/v1/people", json=person)
        answer = client.post("/v1/sessions", json=person)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-verity_session=")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
        assert client.get("/v1/me").status_code == 200


def test_other_sites_are_named_before_their_pages_may_ask(context: ApiContext) -> None:
    asking = {"origin": "https://news.example.org", "access-control-request-method": "GET"}
    for origins, allowed in ((), None), (("https://news.example.org",), "https://news.example.org"):
        settings = context.settings.model_copy(update={"cors_origins": origins})
        app = create_app(dataclasses.replace(context, settings=settings))
        with TestClient(app, raise_server_exceptions=False) as client:
            headers = client.options("/v1/jobs", headers=asking).headers
        assert headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in headers


def test_an_error_of_ours_carries_the_policy_and_tells_nothing(context: ApiContext) -> None:
    app = create_app(context)

    def broken() -> None:
        raise RuntimeError("the database's password")

    app.get("/v1/broken")(broken)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/v1/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "password" not in answer.text
    assert answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_another_site_s_page_may_read_why_its_file_was_too_large(context: ApiContext) -> None:
    origin = "https://news.example.org"
    settings = context.settings.model_copy(update={"cors_origins": (origin,)})
    app = create_app(dataclasses.replace(context, settings=settings))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/v1/jobs", content=bytes(2 << 20), headers={"origin": origin})
    assert answer.status_code == 413
    assert answer.headers["access-control-allow-origin"] == origin
