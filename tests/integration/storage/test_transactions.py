"""Statements that are sent together: what nobody answers is still all or nothing."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pipeline.errors import DatabaseError
from storage.database import committing, connect_engine, one_trip, send, transaction

pytestmark = pytest.mark.postgres


@pytest.fixture
def other(database_url: str) -> Iterator[Engine]:
    engine = connect_engine(database_url)
    yield engine
    engine.dispose()


def add_account(connection: Connection, name: str) -> None:
    connection.execute(text("INSERT INTO account (account_id) VALUES (:name)"), {"name": name})


def accounts(engine: Engine) -> set[str]:
    with transaction(engine) as connection:
        return set(connection.scalars(text("SELECT account_id FROM account"))) - {"default"}


def end_backend(engine: Engine, process_id: int) -> None:
    with transaction(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": process_id})


def own_backend(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return found


def test_statements_sent_with_the_commit_are_committed(engine: Engine, other: Engine) -> None:
    with transaction(engine) as connection:
        add_account(connection, "one")
        with committing(connection):
            add_account(connection, "two")
            add_account(connection, "three")
    assert accounts(other) == {"one", "two", "three"}


@pytest.mark.parametrize("trip", [committing, one_trip])
def test_an_error_among_them_undoes_the_whole_transaction(
    engine: Engine, other: Engine, trip: type
) -> None:
    with (  # noqa: PT012
        pytest.raises((DBAPIError, psycopg.Error), match="account_pkey"),
        transaction(engine) as connection,
    ):
        add_account(connection, "one")
        with trip(connection):
            add_account(connection, "two")
            add_account(connection, "one")
            add_account(connection, "three")
    assert accounts(other) == set()
    assert accounts(engine) == set(), "the connection is of use again"


def test_an_error_before_the_commit_undoes_the_whole_transaction(
    engine: Engine, other: Engine
) -> None:
    with pytest.raises(ValueError, match="ours"), transaction(engine) as connection:  # noqa: PT012
        add_account(connection, "one")
        with committing(connection):
            add_account(connection, "two")
            raise ValueError("ours")
    assert accounts(other) == set()


@pytest.mark.parametrize("trip", [committing, one_trip])
def test_a_database_that_is_lost_meanwhile_is_one_error_and_nothing_is_written(
    engine: Engine, other: Engine, trip: type
) -> None:
    with pytest.raises(DatabaseError), transaction(engine) as connection:  # noqa: PT012
        add_account(connection, "one")
        end_backend(other, own_backend(connection))
        with trip(connection):
            add_account(connection, "two")
    assert accounts(other) == set()
    assert accounts(engine) == set(), "the next transaction has a fresh connection"


def test_a_rested_connection_that_lost_its_server_costs_no_error(
    engine: Engine, other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.RESTED_S", 0.0)
    with transaction(engine) as connection:
        process_id = own_backend(connection)
    end_backend(other, process_id)
    with transaction(engine) as connection:
        assert own_backend(connection) != process_id


@pytest.mark.parametrize(("address", "n_kept"), [("", 1), ("&prepared=no", 0)])
def test_the_server_keeps_plans_unless_a_pooler_cannot(
    database_url: str, address: str, n_kept: int
) -> None:
    engine = connect_engine(database_url + address)
    count = text("SELECT count(*) FROM pg_prepared_statements")
    with transaction(engine) as connection:
        (row,) = send(connection, text("SELECT :name || 's' AS name"), {"name": "plan"})
        assert row == {"name": "plans"}
        assert connection.execute(count).scalar_one() == n_kept
    engine.dispose()


def test_rows_of_statements_that_went_out_together_are_read_afterwards(engine: Engine) -> None:
    with transaction(engine) as connection:
        with one_trip(connection):
            add_account(connection, "one")
            found = send(connection, text("SELECT account_id FROM account ORDER BY 1"))
            counted = send(connection, text("SELECT count(*) AS n FROM account"))
        assert [row["account_id"] for row in found] == ["default", "one"]
        assert counted.fetchone() == {"n": 2}


def test_a_statement_whose_trip_broke_before_it_was_prepared_works_afterwards(
    engine: Engine,
) -> None:
    statement = text("SELECT :name || 's' AS name")
    for _ in range(2):
        with (  # noqa: PT012
            pytest.raises(psycopg.errors.DivisionByZero),
            transaction(engine) as connection,
            one_trip(connection),
        ):
            send(connection, text("SELECT 1 / :zero"), {"zero": 0})
            send(connection, statement, {"name": "plan"})
        with transaction(engine) as connection:
            (row,) = send(connection, statement, {"name": "plan"})
            assert row == {"name": "plans"}
