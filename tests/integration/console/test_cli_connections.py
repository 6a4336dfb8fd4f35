"""`verity connection`: bound, listed without its keys, taken away; and what the API then lets through."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine
from typer.testing import CliRunner

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.cli import app
from console.people.desk import SignUp
from console.settings import ConsoleSettings
from jobs.settings import JobsSettings
from jobs.source_options import SourceOptions
from jobs.sources import S3Access, list_from
from jobs.sources.s3_session import open_client
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError, VerityError
from storage.objects import FolderStore
from storage.sealing import Sealer
from tests.conftest import S3Server

pytestmark = [pytest.mark.postgres, pytest.mark.s3]

SECRET = "ab" * 32
PASSWORD = "four plain words here"  # noqa: S105 (of a person who lives as long as a test)
Verity = Callable[..., str]


@pytest.fixture
def verity(database_url: str, engine: Engine, tmp_path: Path) -> Verity:
    """Give a function that runs a command and returns what it printed."""
    environ = {
        "VERITY_DATABASE_URL": database_url.replace("+psycopg", ""),
        "VERITY_VAR": str(tmp_path / "var"),
        "VERITY_OBJECTS": str(tmp_path / "objects"),
        "VERITY_SECRET_KEY": SECRET,
    }

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), obj=ConsoleSettings(environ))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def keys_file(s3_server: S3Server, tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    keys = {"access_key": s3_server.access_key, "secret_key": s3_server.secret_key}
    path.write_text(json.dumps(keys))
    return path


def bind(verity: Verity, server: S3Server, keys: Path, account: str = "default") -> str:
    place = f"s3://{server.bucket}/incoming"
    server_flags = ("--s3-endpoint", server.endpoint_url, "--s3-region", "us-east-1")
    flags = ("--keys", str(keys), *server_flags, "--account", account)
    return verity("connection", "add", "press", place, *flags)


def test_a_connection_is_bound_listed_without_its_keys_and_taken_away(
    verity: Verity, s3_server: S3Server, keys_file: Path
) -> None:
    said = bind(verity, s3_server, keys_file)
    assert f"reads s3://{s3_server.bucket}/incoming/ by the connection press" in said
    (row,) = json.loads(verity("connection", "list", "--json"))
    assert row == {
        "name": "press",
        "prefix": f"s3://{s3_server.bucket}/incoming/",
        "endpoint": s3_server.endpoint_url,
        "as": "own keys",
    }
    shown = verity("connection", "list")
    assert "press" in shown
    assert s3_server.secret_key not in said + shown
    verity("connection", "remove", "press")
    assert json.loads(verity("connection", "list", "--json")) == []
    with pytest.raises(SourceNotFoundError):
        verity("connection", "remove", "press")


def test_what_cannot_be_bound_is_said_in_words(
    verity: Verity, s3_server: S3Server, tmp_path: Path
) -> None:
    odd = tmp_path / "odd.json"
    odd.write_bytes(b"\xff")
    place = f"s3://{s3_server.bucket}"
    wrong: list[tuple[type[VerityError], str, tuple[str, ...]]] = [
        (InputError, "no_credentials", ("press", place)),
        (InputError, "keys_malformed", ("press", place, "--keys", str(odd))),
        (InputError, "keys_malformed", ("press", place, "--keys", str(tmp_path / "none"))),
        (InputError, "source_malformed", ("press", "https://b", "--s3-profile", "x")),
        (InputError, "input_invalid", ("Press!", place, "--s3-profile", "x")),
        (VerityError, "", ("press", place, "--s3-profile", "x", "--account", "nobody")),
    ]
    for kind, code, arguments in wrong:
        with pytest.raises(kind) as caught:
            verity("connection", "add", *arguments)
        assert caught.value.code == code or not code
    assert json.loads(verity("connection", "list", "--json")) == []


def test_an_account_reads_its_bound_prefix_by_the_api_and_nothing_else(
    verity: Verity, engine: Engine, s3_server: S3Server, keys_file: Path, tmp_path: Path
) -> None:
    jobs = JobsSettings(sealer=Sealer(SecretStr(SECRET)))
    store = FolderStore(tmp_path / "objects")
    bucket = s3_server.bucket
    with open_examining(jobs, tmp_path / "temp") as examining:
        context = ApiContext(ApiSettings(sign_up=SignUp.OPEN), engine, store, jobs, examining)
        with TestClient(create_app(context)) as client:
            account = _sign_in(client, "ada@example.org")
            unbound = client.post("/v1/jobs", json={"sources": [f"s3://{bucket}/incoming/"]})
            assert (unbound.status_code, unbound.json()["code"]) == (403, "no_connection")
            bind(verity, s3_server, keys_file, account)
            for source in (f"s3://{bucket}/", f"s3://{bucket}/incoming", f"s3://{bucket}/else/a"):
                refused = client.post("/v1/jobs", json={"sources": [source]})
                assert (refused.status_code, refused.json()["code"]) == (403, "no_connection")
            sweep = {"cron": "@daily", "sources": [f"s3://{bucket}/else/"]}
            assert client.post("/v1/sweeps", json=sweep).status_code == 403
            taken = client.post("/v1/jobs", json={"sources": [f"s3://{bucket}/incoming/"]})
            assert taken.status_code == 201, taken.text
        with TestClient(create_app(context)) as other:
            _sign_in(other, "bo@example.org")
            foreign = other.post("/v1/jobs", json={"sources": [f"s3://{bucket}/incoming/"]})
            assert (foreign.status_code, foreign.json()["code"]) == (403, "no_connection")
    assert _titles_of_the_one_job(engine, s3_server, jobs.sealer) == ["a.wav"]


def _sign_in(client: TestClient, email: str) -> str:
    """Sign a new person in; return their account."""
    person = {"email": email, "password": PASSWORD}
    client.post("/v1/people", json=person)
    answer = client.post("/v1/sessions", json=person)
    client.headers["x-csrf-token"] = answer.json()["csrf"]
    return str(client.get("/v1/me").json()["account_id"])


def _titles_of_the_one_job(engine: Engine, server: S3Server, sealer: Sealer) -> list[str]:
    """List the job's source as a worker does, with the connection's own keys."""
    own = S3Access(
        server.endpoint_url,
        "us-east-1",
        access_key=SecretStr(server.access_key),
        secret_key=SecretStr(server.secret_key),
    )
    with closing(open_client(own)) as s3:
        s3.put_object(Bucket=server.bucket, Key="incoming/a.wav", Body=b"x")
    queue = WorkQueue(engine, may_listen=False)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.close()
    # the fleet's own way to S3 leads nowhere: only the connection's does
    with JobsSettings().open_guard() as guard:
        access = JobsSettings(sealer=sealer).source_access(guard, allow_local=False)
        access = replace(access, sealed=listing.sealed, s3=S3Access("http://127.0.0.1:9"))
        options = SourceOptions.from_facts(listing.facts)
        return [one.item.title for one in list_from(listing.source_uri, access, options=options)]
