"""One of each thing that an account owns, and every route of an app: what the walls are tested with."""

from collections.abc import Iterator
from uuid import uuid4

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.routing import Mount

from console.api.context import ApiContext
from storage import notice_rows
from storage.database import transaction
from tests.integration.api.upload_makers import TusSender

JOB = {"sources": ["https://example.org/podcast.xml"], "name": "Tuesday"}
CONNECTION = {"source": "s3://press/incoming", "access_key": "AKIA", "secret_key": "word"}


def routes_of(app: FastAPI) -> Iterator[str]:
    """Yield every method and path, those of mounted apps too."""
    for route in iter_route_contexts(app.routes):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield f"{method} {route.path}"
    for mounted in app.routes:
        if isinstance(mounted, Mount) and isinstance(mounted.app, FastAPI):
            yield from routes_of(mounted.app)


def make_things(client: TestClient) -> dict[str, str]:
    """Make one of each thing; return their ids."""
    job = client.post("/v1/jobs", json=JOB).json()["job_id"]
    sweep = client.post("/v1/sweeps", json={"cron": "@daily", "sources": JOB["sources"]}).json()
    target = {"target": "https://example.org/hook", "events": ["job.done"]}
    subscription = client.post("/v1/subscriptions", json=target).json()
    key = client.post("/v1/keys", json={"name": "k"}).json()
    items = client.get(f"/v1/jobs/{job}/items").json()["items"]
    return {
        "job": job,
        "item": items[0]["item_id"],
        "sweep": sweep["sweep_id"],
        "subscription": subscription["subscription_id"],
        "key": key["key_id"],
        "upload": TusSender(client).begin(10).rsplit("/", 1)[-1],
    }


def make_more_things(client: TestClient, context: ApiContext, sweep_id: str) -> dict[str, str]:
    """Make what takes more: a run, a sent notice, a connection, a second person; return their ids."""
    me = client.get("/v1/me").json()
    run = client.post(f"/v1/sweeps/{sweep_id}/run").json()
    assert client.put("/v1/connections/press", json=CONNECTION).status_code == 200
    with transaction(context.engine) as connection:
        notice_rows.insert_notices(connection, me["account_id"], "job.done", "job:1", {})
    (notice,) = client.get("/v1/notices").json()
    email = f"{uuid4().hex}@example.org"
    invited = client.post("/v1/members/invitations", json={"email": email, "role": "reader"})
    person = context.people.sign_up(
        email, "four plain words here", "", invited.json()["invitation"]
    )
    session = client.get("/v1/sessions").json()[0]["session_id"]
    return {
        "run": run["run_id"],
        "notice": str(notice["notice_id"]),
        "connection": "press",
        "person": str(person),
        "session": session,
        "account": me["account_id"],
    }
