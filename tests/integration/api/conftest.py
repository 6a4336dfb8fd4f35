"""The API over a real database, asked by browsers (cookies) and by programs (keys)."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.people import passwords
from console.people.desk import SignUp
from console.server import server_config
from jobs.settings import JobsSettings
from storage.objects import FolderStore
from storage.sealing import Sealer

PASSWORD = "four plain words here"  # noqa: S105 (of people who live as long as a test)
Browse = Callable[[str], TestClient]


@pytest.fixture(autouse=True, scope="session")
def quick_hashes() -> Iterator[None]:
    """Let passwords be hashed with argon2id's least settings: in earnest each takes a quarter second."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", quick)
        patch.setattr(passwords, "_NOBODYS_HASH", quick.hash("nobody has this password"))
        yield


@pytest.fixture
def context(engine: Engine, tmp_path: Path) -> Iterator[ApiContext]:
    jobs = JobsSettings(sealer=Sealer(SecretStr("ab" * 32)))
    with open_examining(jobs, tmp_path / "temp") as examining:
        yield ApiContext(
            ApiSettings(sign_up=SignUp.OPEN, upload_bytes=4 << 20, stream_s=1),
            engine,
            FolderStore(tmp_path / "objects"),
            jobs,
            examining,
        )


@pytest.fixture
def app(context: ApiContext) -> FastAPI:
    return create_app(context)


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def browse(app: FastAPI) -> Iterator[Browse]:
    """Give a browser in which somebody, new if need be, is signed in."""
    clients: list[TestClient] = []

    def browse(email: str) -> TestClient:
        client = TestClient(app, raise_server_exceptions=False)
        clients.append(client)
        client.post("/v1/people", json={"email": email, "password": PASSWORD})
        answer = client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf"]
        return client

    yield browse
    for client in clients:
        client.close()


@contextmanager
def serving(served: FastAPI | uvicorn.Config) -> Iterator[str]:
    """Serve an app on a real socket, as `verity serve` does; give its address."""
    config = server_config(served, ApiSettings()) if isinstance(served, FastAPI) else served
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
