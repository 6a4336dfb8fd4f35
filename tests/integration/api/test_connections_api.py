"""Connections by API: the account's own keys, sealed, behind the guard, never read back."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from jobs.sources import S3Access
from jobs.sources.s3_session import open_client
from storage.database import transaction
from storage.egress_policy import EgressPolicy, parse_allow
from tests.conftest import S3Server
from tests.integration.api.conftest import PASSWORD, Browse

pytestmark = [pytest.mark.postgres, pytest.mark.s3]
AWS = {"source": "s3://press/in", "access_key": "AKIAX", "secret_key": "hidden-words"}


@pytest.fixture
def near(context: ApiContext, s3_server: S3Server) -> Iterator[TestClient]:
    """Give an admin of an installation that may reach the S3 server of the tests."""
    place = s3_server.endpoint_url.removeprefix("http://")
    jobs = context.jobs_settings.model_copy(update={"egress": EgressPolicy(parse_allow(place))})
    app = create_app(dataclasses.replace(context, jobs_settings=jobs))
    with TestClient(app, raise_server_exceptions=False) as client:
        sign_in = {"email": "ada@example.org", "password": PASSWORD}
        client.post("/v1/people", json=sign_in)
        client.headers["x-csrf-token"] = client.post("/v1/sessions", json=sign_in).json()["csrf"]
        yield client


def test_a_connection_is_bound_tried_used_and_unbound(
    near: TestClient, s3_server: S3Server, engine: Engine
) -> None:
    own = S3Access(
        s3_server.endpoint_url,
        "us-east-1",
        access_key=SecretStr(s3_server.access_key),
        secret_key=SecretStr(s3_server.secret_key),
    )
    with closing(open_client(own)) as client:
        client.put_object(Bucket=s3_server.bucket, Key="in/a.wav", Body=b"sound")
    body = {
        "source": f"s3://{s3_server.bucket}/in",
        "endpoint": s3_server.endpoint_url,
        "access_key": s3_server.access_key,
        "secret_key": s3_server.secret_key,
    }
    made = near.put("/v1/connections/press", json=body)
    assert made.status_code == 200, made.text
    assert near.post("/v1/connections/press/test").json()["first"].endswith("a.wav")
    shown = near.get("/v1/connections")
    assert shown.json()[0]["has_own_keys"]
    with transaction(engine) as connection:
        kept = connection.execute(text("SELECT c::text FROM s3_connection c")).all()
        sealed = connection.execute(text("SELECT s::text FROM source_secret s")).all()
    for said in (made.text, shown.text, str(kept), str(sealed)):
        assert s3_server.secret_key not in said
    job = {"sources": [f"s3://{s3_server.bucket}/in/"]}
    assert near.post("/v1/jobs", json=job).status_code == 201
    wrong = {**body, "secret_key": "not-this-one"}
    near.put("/v1/connections/press", json=wrong)
    tried = near.post("/v1/connections/press/test").json()
    assert not tried["is_ok"]
    assert tried["code"]
    assert near.delete("/v1/connections/press").status_code == 204
    assert near.post("/v1/jobs", json=job).json()["code"] == "no_connection"


def test_an_endpoint_inside_the_network_is_refused_and_not_reached(
    browse: Browse, s3_server: S3Server, engine: Engine
) -> None:
    ada = browse("ada@example.org")
    for endpoint in (
        s3_server.endpoint_url,
        "http://169.254.169.254",
        "https://10.0.0.1",
        "https://2130706433",
        "file:///etc",
        "https://user:word@example.org",
        "https://example.org/path",
        "https://example.org:22",
    ):
        answer = ada.put("/v1/connections/x", json={**AWS, "endpoint": endpoint})
        assert (answer.status_code, answer.json()["code"]) == (422, "endpoint_refused"), endpoint
    ada.put("/v1/connections/x", json=AWS)
    with transaction(engine) as connection:  # as if the name had resolved to it later
        connection.execute(
            text(
                "UPDATE s3_connection SET options = options || jsonb_build_object('s3_endpoint', CAST(:e AS text))"
            ),
            {"e": s3_server.endpoint_url},
        )
    tried = ada.post("/v1/connections/x/test").json()
    assert not tried["is_ok"], "the guard, not the list of names, is the wall"


def test_other_accounts_have_connections_of_their_own(browse: Browse) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    assert ada.put("/v1/connections/press", json=AWS).status_code == 200
    assert bo.get("/v1/connections").json() == []
    for answer in (bo.delete("/v1/connections/press"), bo.post("/v1/connections/press/test")):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_connection")
    assert bo.post("/v1/jobs", json={"sources": ["s3://press/in/"]}).status_code == 403
    assert ada.get("/v1/connections").json()[0]["endpoint"] == "https://s3.us-east-1.amazonaws.com"
