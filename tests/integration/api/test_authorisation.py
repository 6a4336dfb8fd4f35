"""Who may ask what: every route of the app by every role; a route that is not listed here fails."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.people.roles import Right, Role
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.owned_things import make_things, routes_of

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
PUBLIC = """
OPTIONS /v1/uploads
GET /v1/metrics | GET /v1/openapi.json | GET /.well-known/verity-keys.json
GET /v1/health/live | GET /v1/health/ready | POST /v1/people | POST /v1/sessions
GET / | POST /language | GET /sign-in | POST /sign-in | GET /sign-up | POST /sign-up | GET /forgot
POST /forgot | GET /reset/{token} | POST /reset/{token} | GET /sign-in/provider | GET /sign-in/provider/back
"""
BY_RIGHT = {
    Right.READ: """
GET /v1/models | GET /v1/health/model | GET /v1/health/device | GET /v1/connections
GET /v1/me | GET /v1/sessions | GET /v1/usage | GET /v1/jobs | GET /v1/jobs/{job_id}
GET /v1/jobs/{job_id}/items | GET /v1/jobs/{job_id}/events | GET /v1/items/{item_id}
GET /v1/jobs/{job_id}/report.{kind}
GET /v1/jobs/events | GET /v1/items/{item_id}/events | GET /jobs/live | GET /jobs/rows
GET /jobs/{job_id}/live | GET /items/{item_id}/live | GET /items/{item_id}/progress
GET /v1/items/{item_id}/attempts | GET /v1/items/{item_id}/report.{kind} | GET /v1/sweeps
GET /v1/items/{item_id}/finding | GET /v1/items/{item_id}/timeline | GET /v1/items/{item_id}/segments
GET /v1/items/{item_id}/spans.{form} | GET /v1/items/{item_id}/sound | GET /v1/items/{item_id}/sound.wav
GET /v1/items/{item_id}/media | GET /v1/items/{item_id}/waveform
GET /v1/items/{item_id}/spectrogram.png | GET /v1/items/{item_id}/like
GET /v1/items/{item_id}/same-bytes | GET /v1/items/{item_id}/opinions
GET /v1/items/{item_id}/feedback | GET /v1/feedback | GET /items/{item_id}/like
GET /v1/sweeps/{sweep_id} | GET /v1/sweeps/{sweep_id}/runs | GET /v1/sweeps/{sweep_id}/feed.rss
GET /v1/subscriptions | GET /v1/notices
GET /v1/uploads | GET /v1/uploads/{upload_id}
GET /jobs | GET /jobs/{job_id} | GET /jobs/{job_id}/progress | GET /items/{item_id} | GET /sweeps
GET /sweeps/{sweep_id} | GET /sweeps/preview | GET /sweeps/{sweep_id}/runs/{run_id}
GET /sweeps/{sweep_id}/runs/{run_id}/report.pdf | GET /v1/sweeps/{sweep_id}/runs/{run_id}/changes
GET /v1/sweeps/{sweep_id}/runs/{run_id}/digest.json | GET /v1/sweeps/{sweep_id}/runs/{run_id}/digest.pdf
GET /account | POST /account/password | GET /account/second-factor
POST /account/second-factor | POST /account/second-factor/remove | POST /account/join
POST /account/look | POST /account/provider/remove | POST /v1/me/places | PUT /v1/me/account
DELETE /v1/sessions/{session_id} | POST /account/sessions/{session_id}/end
DELETE /v1/sessions/current | DELETE /v1/sessions | POST /sign-out | POST /account/sign-out-everywhere
PUT /v1/me/name | POST /account/name | GET /v1/items | GET /search | GET /notices
GET /jobs/{job_id}/report.{kind}
""",
    Right.WORK: """
POST /v1/predict/live | POST /try/live
POST /v1/predict | POST /v1/predict/link | POST /v1/jobs | POST /v1/jobs/{job_id}/cancel
POST /v1/jobs/{job_id}/pause | POST /v1/jobs/{job_id}/resume | POST /v1/jobs/{job_id}/retry
PUT /v1/jobs/{job_id}/priority | POST /jobs/{job_id}/priority
POST /v1/sweeps | POST /v1/sweeps/{sweep_id}/pause | POST /v1/sweeps/{sweep_id}/resume
POST /v1/sweeps/{sweep_id}/run | DELETE /v1/sweeps/{sweep_id} | POST /v1/subscriptions
DELETE /v1/subscriptions/{subscription_id} | POST /v1/notices/{notice_id}/replay
POST /v1/uploads | PATCH /v1/uploads/{upload_id} | DELETE /v1/uploads/{upload_id}
POST /v1/uploads/{upload_id} | POST /v1/jobs/estimate | POST /v1/jobs/batch
GET /try | POST /try/file | POST /try/link | GET /jobs/new | POST /jobs/new
POST /jobs/{job_id}/{action} | POST /sweeps | POST /sweeps/{sweep_id}/{action}
PUT /v1/items/{item_id}/feedback | DELETE /v1/items/{item_id}/feedback
POST /v1/items/{item_id}/closer | POST /items/{item_id}/closer | POST /items/{item_id}/feedback
POST /items/{item_id}/feedback/remove
POST /v1/notices/replay | POST /notices | POST /notices/replay | POST /notices/{notice_id}/replay
POST /notices/subscriptions/{subscription_id}/remove
""",
    Right.REVIEW: "POST /v1/items/{item_id}/opinions | POST /items/{item_id}/opinions",
    Right.MANAGE: """
POST /v1/members/invitations | PUT /v1/members/{person_id} | DELETE /v1/members/{person_id}
GET /v1/audit | GET /v1/audit/check
PUT /v1/connections/{name} | DELETE /v1/connections/{name} | POST /v1/connections/{name}/test
GET /v1/keys/{key_id}/quota | PUT /v1/keys/{key_id}/quota
GET /v1/members | GET /v1/keys | POST /v1/keys | DELETE /v1/keys/{key_id} | GET /v1/access
GET /connections | POST /connections | POST /connections/{name}/test | POST /connections/{name}/remove
GET /keys | POST /keys | POST /keys/{key_id}/revoke | GET /people | POST /people/invite
POST /people/{person_id}/role | POST /people/{person_id}/remove | GET /access
GET /v1/admin/failures | POST /v1/admin/failures/{code}/retry | GET /v1/admin/people
GET /v1/admin/people/{person_id}/sessions | DELETE /v1/admin/people/{person_id}/sessions
GET /v1/admin/keys | GET /v1/admin/models | GET /v1/admin/audit | GET /v1/admin/feedback
GET /admin | POST /admin/failures/{code}/retry | GET /admin/people/{person_id} | GET /admin/models
POST /admin/people/{person_id}/sign-out | GET /admin/audit | GET /admin/feedback
GET /keys/{key_id} | POST /keys/{key_id}
""",
    Right.OPERATE: """
GET /v1/accounts/{account_id}/quota | PUT /v1/accounts/{account_id}/quota | GET /v1/admin/fleet | GET /v1/admin/accounts
GET /v1/admin/settings | POST /v1/admin/audit/check | PUT /v1/admin/people/{person_id}/disabled
GET /admin/fleet | GET /admin/fleet/now | GET /admin/accounts | GET /admin/people | GET /admin/settings
POST /admin/people/{person_id}/disabled | POST /admin/audit/check
GET /admin/accounts/{account_id} | POST /admin/accounts/{account_id}
""",
}
ENDS_SESSIONS = {
    "DELETE /v1/sessions/current",
    "DELETE /v1/sessions",
    "POST /sign-out",
    "POST /account/sign-out-everywhere",
}
ROLES = ["visitor", *Role, "other"]  # the other account's admin; our own admin is the operator


def listed(text: str) -> list[str]:
    return [one.strip() for line in text.splitlines() for one in line.split("|") if one.strip()]


RIGHTS: dict[str, Right | None] = dict.fromkeys(listed(PUBLIC)) | {
    route: right for right, text in BY_RIGHT.items() for route in listed(text)
}


@pytest.fixture
def whole(context: ApiContext) -> FastAPI:
    return create_app(context, create_pages(context))


def sign_in(app: FastAPI, context: ApiContext, role: str) -> TestClient:
    """Return a browser of somebody new who has a role in the first account, or another account."""
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    if role == "visitor":
        return client
    email = f"{uuid4().hex}@example.org"
    token = "" if role == "other" else context.members.invite("default", email, Role(role))
    context.people.sign_up(email, PASSWORD, "", token)
    answer = client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
    client.headers["x-csrf-token"] = answer.json()["csrf"]
    return client


def test_every_route_has_its_place_in_the_table(whole: FastAPI) -> None:
    assert sorted(routes_of(whole)) == sorted(RIGHTS)


@pytest.mark.parametrize("role", ROLES)
def test_every_route_asks_for_its_right(whole: FastAPI, context: ApiContext, role: str) -> None:
    context.people.sign_up("first@example.org", PASSWORD)  # whose account is the operator's
    owner = sign_in(whole, context, Role.ADMIN)
    things = make_things(owner)
    owner.post(f"/v1/jobs/{things['job']}/cancel")  # its events end at once
    guest = context.members.invite("default", "guest@example.org", Role.READER)
    ids = {f"{kind}_id": one for kind, one in things.items()} | {
        "person_id": str(context.people.sign_up("guest@example.org", PASSWORD, "", guest)),
        "notice_id": "999999",
        "account_id": "default",
        "kind": "json",
        "form": "csv",
        "action": "pause",
        "token": "none",
        "code": "media_corrupt",
        "run_id": "999999",
        "name": "press",
        "session_id": "0" * 16,
    }
    asking = owner if role == Role.ADMIN else sign_in(whole, context, role)
    wrong = []
    for route, right in RIGHTS.items():
        method, path = route.split(" ")
        takes_json = path.startswith("/v1") and method in {"POST", "PUT"}
        answer = asking.request(method, path.format(**ids), json={} if takes_json else None)
        if route in ENDS_SESSIONS and role != "visitor":
            asking = sign_in(whole, context, role)
        said = (route, answer.status_code, answer.text[:200])
        if not is_as_listed(answer.status_code, answer.headers.get("location", ""), role, right):
            wrong.append(said)
        names_a_thing = any(f"{{{kind}_id}}" in path for kind in (*things, "person"))
        if role == "other" and names_a_thing and answer.status_code not in {403, 404, 422}:
            wrong.append(said)
    assert wrong == []


def is_as_listed(status: int, leads_to: str, role: str, right: Right | None) -> bool:
    """Tell whether an answer is what the table says."""
    if right is None:
        return status < 500 and status != 403
    if role == "visitor":
        return status == 401 or (status == 303 and leads_to.startswith("/sign-in"))
    rights = {
        Role.READER: {Right.READ},
        Role.ANALYST: {Right.READ, Right.WORK},
        Role.EXAMINER: {Right.READ, Right.WORK, Right.REVIEW},
        Role.ADMIN: set(Right),
        "other": set(Right) - {Right.OPERATE},
    }[role]
    if right not in rights:
        return status == 403
    return status < 500 and status not in {401, 403} and not leads_to.startswith("/sign-in")
