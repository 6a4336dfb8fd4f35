"""What belongs to another account is not there, on every route that names it."""

import dataclasses
import json
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from jobs.source_options import Login, SourceOptions
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from tests.integration.api.conftest import PASSWORD, Browse
from tests.integration.api.owned_things import (
    CONNECTION,
    JOB,
    make_more_things,
    make_things,
    routes_of,
)

pytestmark = pytest.mark.postgres


def test_a_job_is_submitted_watched_and_cancelled(browse: Browse) -> None:
    client = browse("ada@example.org")
    job = client.post("/v1/jobs", json=JOB).json()
    assert (job["state"], job["counts"]["listing"]) == ("listing", 1)
    assert [one["job_id"] for one in client.get("/v1/jobs").json()["jobs"]] == [job["job_id"]]
    assert client.post(f"/v1/jobs/{job['job_id']}/cancel").json()["state"] == "cancelled"


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc/passwd", "./media", "gopher://x"])
def test_only_the_operators_command_line_reads_local_files(browse: Browse, source: str) -> None:
    answer = browse("ada@example.org").post("/v1/jobs", json={"sources": [source]})
    assert answer.status_code in {403, 422}, answer.text


# parameters of paths that say whose a thing is
OWNED = {
    "job_id": "job",
    "item_id": "item",
    "sweep_id": "sweep",
    "run_id": "run",
    "subscription_id": "subscription",
    "notice_id": "notice",
    "key_id": "key",
    "upload_id": "upload",
    "person_id": "person",
    "name": "connection",
    "account_id": "account",
    "session_id": "session",
}
# and those that say what is wanted of it
NEUTRAL = {"kind": "json", "form": "csv", "action": "pause", "code": "none", "token": "none"}
MISSING = dict.fromkeys(OWNED.values(), "999999") | {"upload": "f" * 32, "connection": "none"}
# what some routes need to be told before they look whose the thing is
JSON_BODIES: dict[str, object] = {
    "PUT /v1/jobs/{job_id}/priority": {"priority": "live"},
    "PUT /v1/items/{item_id}/feedback": {"opinion": "agree"},
    "POST /v1/items/{item_id}/opinions": {"opinion": "agree", "text": "Heard."},
    "POST /v1/items/{item_id}/closer": {},
    "PUT /v1/keys/{key_id}/quota": {},
    "PUT /v1/members/{person_id}": {"role": "reader"},
    "PUT /v1/accounts/{account_id}/quota": {},
    "PUT /v1/admin/people/{person_id}/disabled": {"disabled": True},
    "PUT /v1/connections/{name}": CONNECTION,
}
FORMS = {
    "POST /jobs/{job_id}/priority": {"priority": "live"},
    "POST /items/{item_id}/feedback": {"opinion": "agree"},
    "POST /items/{item_id}/opinions": {"opinion": "agree", "text": "Heard."},
    "POST /items/{item_id}/closer": {"hop_s": "0.25"},
    "POST /people/{person_id}/role": {"role": "reader"},
    "POST /admin/people/{person_id}/disabled": {"disabled": "true"},
}
OVERRIDE = {"x-http-method-override": "DELETE"}  # read by one route
# names of one's own, and the end of what is over: the same for everybody, with nothing in it
OPEN = {
    "PUT /v1/connections/{name}": 200,
    "DELETE /v1/sessions/{session_id}": 204,
    "POST /account/sessions/{session_id}/end": 303,
}


@pytest.fixture
def whole(context: ApiContext) -> FastAPI:
    free = context.settings.model_copy(update={"requests_a_minute": 0})
    context = dataclasses.replace(context, settings=free)
    return create_app(context, create_pages(context))


def sign_in(app: FastAPI, context: ApiContext, name: str) -> TestClient:
    """Return a browser of the admin of a new account."""
    person = {"email": f"{name}@example.org", "password": PASSWORD}
    context.people.sign_up(person["email"], person["password"])
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.headers["x-csrf-token"] = client.post("/v1/sessions", json=person).json()["csrf"]
    return client


def ask(client: TestClient, route: str, ids: dict[str, str]) -> Response:
    """Ask a route about things."""
    method, path = route.split(" ")
    named = {parameter: ids[kind] for parameter, kind in OWNED.items()} | NEUTRAL
    body, form = JSON_BODIES.get(route), FORMS.get(route)
    url = path.format(**named)
    return client.request(method, url, json=body, data=form, headers=OVERRIDE)


def said(answer: Response) -> tuple[int, str]:
    """Return an answer without what was asked about: numbers, tokens, names of connections."""
    return answer.status_code, re.sub(r"\b[0-9a-f]{12,}\b|\d+|press|none|default", "#", answer.text)


def test_another_accounts_things_are_not_there_on_any_route(
    whole: FastAPI, context: ApiContext
) -> None:
    owner, other = (sign_in(whole, context, name) for name in ("ada", "bo"))
    ids = make_things(owner)
    ids |= make_more_things(owner, context, ids["sweep"])
    wrong = []
    for route in sorted(routes_of(whole), key=lambda route: (route in OPEN, route)):
        named = set(re.findall(r"{(\w+)", route))
        assert named <= {*OWNED, *NEUTRAL}, f"{route}: is this somebody's? Say so in this table."
        if not named & OWNED.keys():
            continue
        foreign, missing = ask(other, route, ids), ask(other, route, MISSING)
        allowed = {OPEN[route]} if route in OPEN else {403, 404}
        if foreign.status_code not in allowed or said(foreign) != said(missing):
            wrong.append((route, said(foreign), said(missing)))
    assert wrong == []
    assert len(owner.get("/v1/sessions").json()) == 1
    assert [one["name"] for one in owner.get("/v1/connections").json()] == ["press"]
    assert owner.get(f"/v1/uploads/{ids['upload']}").status_code == 200


def test_another_accounts_things_are_not_there_in_bodies_and_questions(browse: Browse) -> None:
    owner, other = browse("ada@example.org"), browse("bo@example.org")
    ids, own = make_things(owner), make_things(other)
    assert owner.put("/v1/connections/press", json=CONNECTION).status_code == 200
    wrong = []
    for method, path, body in (
        ("POST", "/v1/jobs", {"sources": ["upload:{upload}"]}),
        ("POST", "/v1/jobs/estimate", {"sources": ["upload:{upload}"]}),
        ("POST", "/v1/jobs", {"sources": ["s3://press/incoming/"]}),
        ("POST", "/v1/sweeps", {"sources": ["s3://press/incoming/"], "cron": "@daily"}),
        ("GET", f"/v1/jobs/{own['job']}/report.json?against={{job}}", None),
        ("PUT", "/v1/me/account", {"account_id": "default"}),
    ):
        answers = []
        for named in (ids, dict.fromkeys(ids, "999999") | {"upload": "f" * 32}):
            content = json.dumps(body).replace("{upload}", named["upload"])
            answers.append(
                other.request(
                    method,
                    path.format(job=named["job"]),
                    content=content,
                    headers={"content-type": "application/json"},
                )
            )
        foreign, missing = answers
        if foreign.is_success or said(foreign) != said(missing):
            wrong.append((path, foreign.text, missing.text))
    assert wrong == []


COOKIES = ".a.test\tTRUE\t/\tTRUE\t0\tSID\tsecretword\n"


def test_a_job_s_cookies_are_sealed_for_its_worker_and_shown_to_nobody(
    browse: Browse, context: ApiContext
) -> None:
    client = browse("ada@example.org")
    body = JOB | {"sources": ["https://a.test/watch"], "cookies": COOKIES, "login": "first"}
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 201, answer.text
    with context.engine.connect() as connection:
        kept = str(connection.execute(text("SELECT s::text FROM source_secret s")).all())
    queue = WorkQueue(context.engine, may_listen=False)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.close()
    options = SourceOptions.from_facts(listing.facts)
    opened = context.jobs_settings.sealer.open(
        listing.sealed[options.cookies_id], options.cookies_id
    )
    assert opened.endswith(COOKIES)
    assert options.login is Login.FIRST
    for said in (answer.text, client.get("/v1/jobs").text, kept, str(listing)):
        assert "secretword" not in said


@pytest.mark.parametrize("cookies", ["", "SID=secretword", "secretword\n" * 200_000])
def test_cookies_of_another_form_are_refused_without_their_words(
    browse: Browse, cookies: str
) -> None:
    answer = browse("ada@example.org").post("/v1/jobs", json=JOB | {"cookies": cookies})
    assert answer.status_code in {413, 422}
    assert "secretword" not in answer.text
