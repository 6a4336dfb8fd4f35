import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

import storage.embedding_tables
import storage.evidence_tables
import storage.federation_tables
import storage.fleet_tables
import storage.people_tables
import storage.progress_tables
import storage.quota_tables
import storage.result_tables
import storage.source_tables
import storage.sweep_tables
import storage.upload_tables  # noqa: F401 (their tables belong to the metadata)
from pipeline.errors import ConfigError, DatabaseError
from storage.database import connect_engine, migrate, open_engine, transaction
from storage.postgres_server import PostgresServer
from storage.settings import StorageSettings
from storage.tables import Table
from tests.conftest import run_admin

pytestmark = pytest.mark.postgres


@pytest.fixture
def empty_database_url(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"empty_{uuid4().hex[:12]}"
    run_admin(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.url.replace("@/verity?", f"@/{name}?")
    run_admin(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def test_processes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    program = (
        "import sys\n"
        "from storage.database import connect_engine, migrate\n"
        "engine = connect_engine(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "migrate(engine)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], errors
    engine = connect_engine(empty_database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM account")) == 1
    engine.dispose()


def test_migrations_make_what_tables_say(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Table.metadata) == []


def test_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version"):
        migrate(engine)


def test_named_database_is_used_instead_of_the_embedded_one(
    empty_database_url: str, tmp_path: Path
) -> None:
    settings = StorageSettings.from_env({"VERITY_VAR": str(tmp_path / "var")})
    settings = settings.model_copy(update={"database_url": SecretStr(empty_database_url)})
    engine = open_engine(settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM job")) == 0
    engine.dispose()
    assert not (tmp_path / "var").exists()


def test_database_that_is_away_is_one_error(tmp_path: Path) -> None:
    engine = connect_engine(f"postgresql+psycopg://verity@/verity?host={tmp_path}")
    with pytest.raises(DatabaseError, match="did not answer") as raised, transaction(engine):
        pass
    assert raised.value.retryable


def test_database_that_goes_away_is_the_same_error(database_url: str, engine: Engine) -> None:
    victim = connect_engine(database_url)
    with pytest.raises(DatabaseError), transaction(victim) as connection:  # noqa: PT012
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with engine.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})
        connection.execute(text("SELECT 1"))
    with transaction(victim) as connection:  # the next one gets a fresh connection
        assert connection.scalar(text("SELECT 1")) == 1
    victim.dispose()
