"""One installation for all tests of a file: each makes the items that it asks for."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.people.desk import SignUp
from console.settings import ConsoleSettings
from jobs.settings import JobsSettings
from storage.database import connect_engine
from storage.objects import FolderStore
from storage.postgres_server import PostgresServer
from storage.sealing import Sealer
from tests.conftest import fresh_database
from tests.integration.api.conftest import PASSWORD

READY_S = 60.0  # a minute of sound takes a tenth of a second on a quiet machine


@pytest.fixture(scope="module")
def context(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiContext]:
    """Keep the desks of an installation over a database of its own."""
    folder: Path = tmp_path_factory.mktemp("items")
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    objects = FolderStore(folder / "objects")
    (folder / "models").mkdir()
    console = ConsoleSettings(
        {"VERITY_VAR": str(folder / "var"), "VERITY_MODELS": str(folder / "models")}
    )
    with fresh_database(postgres_server) as url:
        engine = connect_engine(url)
        with open_examining(jobs, folder / "temp") as examining:
            settings = ApiSettings(sign_up=SignUp.OPEN, requests_a_minute=0)
            yield ApiContext(settings, engine, objects, jobs, examining, console)
        engine.dispose()


@pytest.fixture
def models_folder(context: ApiContext) -> Path:
    """Give the folder of the operator's own models."""
    folder = context.environment.storage.models_folder
    assert folder is not None
    return folder


@pytest.fixture(scope="module")
def app(context: ApiContext) -> FastAPI:
    """Keep API and pages."""
    return create_app(context, create_pages(context))


@pytest.fixture(scope="module")
def ada(app: FastAPI) -> Iterator[TestClient]:
    """Keep a browser of the first person: admin of the account `default`."""
    with signed_in(app, "ada@example.org") as client:
        yield client


@pytest.fixture(scope="module")
def bo(app: FastAPI, ada: TestClient) -> Iterator[TestClient]:
    """Keep a browser of somebody with another account."""
    assert ada.headers["x-csrf-token"], "the first one is the first"
    with signed_in(app, "bo@example.org") as client:
        yield client


def signed_in(app: FastAPI, email: str) -> TestClient:
    """Return a browser of somebody, new if need be."""
    client = TestClient(app, raise_server_exceptions=False)
    client.post(
        "/v1/people", json={"email": email, "name": email[:3].title(), "password": PASSWORD}
    )
    answer = client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    client.headers["x-csrf-token"] = answer.json()["csrf"]
    return client


def account_of(client: TestClient) -> str:
    """Return whose account a browser looks at."""
    account: str = client.get("/v1/me").json()["account_id"]
    return account


def hearable(client: TestClient, item_id: str) -> dict[str, object]:
    """Return what is said of an item's sound once its listening copy is there."""
    until = time.monotonic() + READY_S
    while True:
        said: dict[str, object] = client.get(f"/v1/items/{item_id}/sound").json()
        if said["is_ready"] or time.monotonic() > until:
            return said
