"""Sweeps in SQL: made, shown, found due; and what became of their ticks."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text, update

from storage.stored_text import storable
from storage.sweep_tables import SweepRow, SweepRunRow


@dataclass(frozen=True, slots=True)
class NewSweepFacts:
    """A sweep that is to be made."""

    account_id: str
    name: str
    cron: str
    timezone: str
    spec: Mapping[str, Any]
    next_at: datetime
    key_id: str | None = None  # that made it


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """A sweep as it stands."""

    sweep_id: int
    account_id: str
    name: str
    cron: str
    timezone: str
    spec: dict[str, Any]
    created_at: datetime
    paused_at: datetime | None
    next_at: datetime
    key_id: str | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One tick of a sweep."""

    run_id: int
    sweep_id: int
    due_at: datetime
    made_at: datetime
    n_missed: int
    job_id: int | None
    digest: dict[str, Any] | None


_COLUMNS = (
    "sweep_id, account_id, name, cron, timezone, spec, created_at, paused_at, next_at, key_id"
    " FROM sweep"
)
_RUN_COLUMNS = (
    "r.run_id, r.sweep_id, r.due_at, r.made_at, r.n_missed, r.job_id, r.digest FROM sweep_run r"
)


def insert_sweep(connection: Connection, sweep: NewSweepFacts) -> int:
    """Write a sweep and return its id."""
    sweep_id: int = connection.execute(
        insert(SweepRow)
        .values(
            account_id=sweep.account_id,
            key_id=sweep.key_id,
            name=storable(sweep.name),
            cron=sweep.cron,
            timezone=sweep.timezone,
            spec=dict(sweep.spec),
            next_at=sweep.next_at,
        )
        .returning(SweepRow.sweep_id)
    ).scalar_one()
    return sweep_id


def read_sweeps(connection: Connection, account_id: str) -> list[SweepFacts]:
    """Return an account's sweeps that were not removed, oldest first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} WHERE account_id = :account_id AND removed_at IS NULL"
            " ORDER BY sweep_id"
        ),
        {"account_id": account_id},
    )
    return [SweepFacts(**row) for row in rows.mappings()]


def read_sweep(connection: Connection, sweep_id: int) -> SweepFacts:
    """Return a sweep that is there, removed or not."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} WHERE sweep_id = :sweep_id"),
        {"sweep_id": sweep_id},
    )
    return SweepFacts(**row.mappings().one())


def lock_sweep(connection: Connection, sweep_id: int) -> SweepFacts | None:
    """Return a sweep that was not removed, locked until the transaction's end, or None."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} WHERE sweep_id = :sweep_id AND removed_at IS NULL FOR NO KEY UPDATE"
        ),
        {"sweep_id": sweep_id},
    )
    found = row.mappings().one_or_none()
    return None if found is None else SweepFacts(**found)


def lock_due(connection: Connection) -> SweepFacts | None:
    """Return the sweep that is due for longest, locked; None: nothing is due that nobody else has."""
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} WHERE paused_at IS NULL AND removed_at IS NULL"
            " AND next_at <= clock_timestamp() ORDER BY next_at LIMIT 1"
            " FOR NO KEY UPDATE SKIP LOCKED"
        )
    )
    found = row.mappings().one_or_none()
    return None if found is None else SweepFacts(**found)


def database_now(connection: Connection) -> datetime:
    """Return the database's clock: the only one that decides what is due."""
    now: datetime = connection.scalar(text("SELECT clock_timestamp()"))
    return now


def set_next(connection: Connection, sweep_id: int, next_at: datetime) -> None:
    """Name the tick that is to come."""
    connection.execute(
        text("UPDATE sweep SET next_at = :next_at WHERE sweep_id = :sweep_id"),
        {"sweep_id": sweep_id, "next_at": next_at},
    )


def set_paused(connection: Connection, sweep_id: int, *, paused: bool) -> None:
    """Stop or start a sweep's ticks."""
    value = "coalesce(paused_at, clock_timestamp())" if paused else "NULL"
    connection.execute(
        text(f"UPDATE sweep SET paused_at = {value} WHERE sweep_id = :sweep_id"),  # noqa: S608 (ours)
        {"sweep_id": sweep_id},
    )


def remove_sweep(connection: Connection, sweep_id: int) -> None:
    """Let a sweep have no tick any more; its runs and their jobs stay."""
    connection.execute(
        text("UPDATE sweep SET removed_at = clock_timestamp() WHERE sweep_id = :sweep_id"),
        {"sweep_id": sweep_id},
    )


def open_job(connection: Connection, sweep_id: int) -> int | None:
    """Return the job of a sweep's earlier run that is not over yet, or None."""
    found: int | None = connection.scalar(
        text(
            "SELECT j.job_id FROM sweep_run r JOIN job j USING (job_id)"
            " WHERE r.sweep_id = :sweep_id AND r.digest IS NULL AND j.closed_at IS NULL LIMIT 1"
        ),
        {"sweep_id": sweep_id},
    )
    return found


def has_run(connection: Connection, sweep_id: int, due_at: datetime) -> bool:
    """Tell whether a tick had its run: a clock that was set back comes to it again."""
    found = connection.scalar(
        text("SELECT 1 FROM sweep_run WHERE sweep_id = :sweep_id AND due_at = :due_at"),
        {"sweep_id": sweep_id, "due_at": due_at},
    )
    return found is not None


def insert_run(
    connection: Connection, sweep_id: int, due_at: datetime, n_missed: int, job_id: int | None
) -> RunFacts:
    """Write what became of a tick."""
    row = connection.execute(
        insert(SweepRunRow)
        .values(sweep_id=sweep_id, due_at=due_at, n_missed=n_missed, job_id=job_id)
        .returning(*(getattr(SweepRunRow, field.name) for field in fields(RunFacts)))
    )
    return RunFacts(**row.mappings().one())


def read_runs(connection: Connection, sweep_id: int, most: int) -> list[RunFacts]:
    """Return a sweep's runs, newest first."""
    rows = connection.execute(
        text(
            f"SELECT {_RUN_COLUMNS} WHERE r.sweep_id = :sweep_id"
            " ORDER BY r.due_at DESC, r.run_id DESC LIMIT :most"
        ),
        {"sweep_id": sweep_id, "most": most},
    )
    return [RunFacts(**row) for row in rows.mappings()]


def read_run(connection: Connection, sweep_id: int, run_id: int) -> RunFacts | None:
    """Return one run of a sweep, or None."""
    row = connection.execute(
        text(f"SELECT {_RUN_COLUMNS} WHERE r.sweep_id = :sweep_id AND r.run_id = :run_id"),
        {"sweep_id": sweep_id, "run_id": run_id},
    )
    found = row.mappings().one_or_none()
    return None if found is None else RunFacts(**found)


def newest_digests(connection: Connection, account_id: str) -> dict[int, dict[str, Any]]:
    """Return the last digest of each of an account's sweeps, by sweep."""
    rows = connection.execute(
        text(
            "SELECT s.sweep_id, r.digest FROM sweep s CROSS JOIN LATERAL ("
            "SELECT digest FROM sweep_run WHERE sweep_run.sweep_id = s.sweep_id"
            " AND digest IS NOT NULL ORDER BY run_id DESC LIMIT 1) r"
            " WHERE s.account_id = :account_id AND s.removed_at IS NULL"
        ),
        {"account_id": account_id},
    )
    return {row.sweep_id: row.digest for row in rows}


def lock_undigested(connection: Connection) -> RunFacts | None:
    """Return a run whose job is over and has no digest yet, locked; or None."""
    row = connection.execute(
        text(
            f"SELECT {_RUN_COLUMNS} JOIN job j USING (job_id)"
            " WHERE r.digest IS NULL AND j.closed_at IS NOT NULL"
            " ORDER BY r.job_id LIMIT 1 FOR NO KEY UPDATE OF r SKIP LOCKED"
        )
    )
    found = row.mappings().one_or_none()
    return None if found is None else RunFacts(**found)


def store_digest(connection: Connection, run_id: int, digest: Mapping[str, Any]) -> None:
    """Write a run's digest."""
    connection.execute(
        update(SweepRunRow).where(SweepRunRow.run_id == run_id).values(digest=dict(digest))
    )


def digest_before(connection: Connection, run: RunFacts) -> dict[str, Any] | None:
    """Return the digest of the run before this one that had a job, or None for the first."""
    found: dict[str, Any] | None = connection.scalar(
        text(
            "SELECT digest FROM sweep_run WHERE sweep_id = :sweep_id AND run_id < :run_id"
            " AND digest IS NOT NULL ORDER BY run_id DESC LIMIT 1"
        ),
        {"sweep_id": run.sweep_id, "run_id": run.run_id},
    )
    return found
