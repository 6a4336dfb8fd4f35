"""The people's side of sweeps: make, look, pause, run now, remove."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from jobs.digest import Digest
from jobs.job_desk import enter_job
from jobs.quota import require_begin
from jobs.schedule import Schedule, ticks_after
from jobs.spec import JobSpec
from jobs.sweep_spec import Sweep, SweepRun, SweepSpec
from jobs.uploads import is_upload, unlisted_upload
from pipeline.errors import InputError, SourceNotFoundError
from storage import secret_rows, sweep_rows
from storage.account_rows import require_account
from storage.database import transaction
from storage.secret_rows import SealedSecret
from storage.sweep_rows import NewSweepFacts, RunFacts, SweepFacts


class SweepDesk:
    """Where sweeps are made and asked about; holds no state but its database."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def add(
        self,
        spec: SweepSpec,
        account_id: str = "default",
        key_id: str | None = None,
        secrets: Sequence[SealedSecret] = (),
    ) -> Sweep:
        """Make a sweep; its first run is its first tick from now.

        Args:
            spec: which job, and when.
            account_id: whose.
            key_id: the API key that asks.
            secrets: that its job names; kept until the sweep is removed and its last job is over.

        Raises:
            InputError: the schedule is wrong, there is no such account, or a source is an upload.
        """
        with transaction(self._engine) as connection:
            return add_sweep(connection, spec, account_id, key_id, secrets)

    def list_sweeps(self, account_id: str = "default") -> list[Sweep]:
        """Return an account's sweeps, oldest first."""
        with transaction(self._engine) as connection:
            return [to_sweep(facts) for facts in sweep_rows.read_sweeps(connection, account_id)]

    def sweep_status(self, sweep_id: str, account_id: str = "default") -> Sweep:
        """Return one sweep.

        Raises:
            SourceNotFoundError: there is no such sweep.
        """
        with transaction(self._engine) as connection:
            return _require(connection, sweep_id, account_id)

    def runs(self, sweep_id: str, account_id: str = "default", most: int = 50) -> list[SweepRun]:
        """Return what became of a sweep's ticks, newest first.

        Raises:
            SourceNotFoundError: there is no such sweep.
        """
        with transaction(self._engine) as connection:
            number = int(_require(connection, sweep_id, account_id).sweep_id)
            return [to_run(facts) for facts in sweep_rows.read_runs(connection, number, most)]

    def run(self, sweep_id: str, run_id: str, account_id: str = "default") -> SweepRun:
        """Return what became of one tick.

        Raises:
            SourceNotFoundError: there is no such sweep or run.
        """
        with transaction(self._engine) as connection:
            number = int(_require(connection, sweep_id, account_id).sweep_id)
            is_id = run_id.isascii() and run_id.isdigit() and len(run_id) < 19
            facts = sweep_rows.read_run(connection, number, int(run_id)) if is_id else None
        if facts is None:
            raise SourceNotFoundError(
                f"There is no run {run_id[:20]} of sweep {sweep_id}.", "sweep_not_found"
            )
        return to_run(facts)

    def newest_digests(self, account_id: str = "default") -> dict[str, Digest]:
        """Return the last digest of each of an account's sweeps, by the sweep's id."""
        with transaction(self._engine) as connection:
            found = sweep_rows.newest_digests(connection, account_id)
        return {str(key): Digest.model_validate(one) for key, one in found.items()}

    def pause(self, sweep_id: str, account_id: str = "default") -> Sweep:
        """Let a sweep have no run until it is resumed; what runs goes on.

        Raises:
            SourceNotFoundError: there is no such sweep.
        """
        with transaction(self._engine) as connection:
            number = int(_require(connection, sweep_id, account_id).sweep_id)
            sweep_rows.set_paused(connection, number, paused=True)
            return _require(connection, sweep_id, account_id)

    def resume(self, sweep_id: str, account_id: str = "default") -> Sweep:
        """Let a sweep go on with its next tick from now; ticks of the pause are not made up for.

        Raises:
            SourceNotFoundError: there is no such sweep.
        """
        with transaction(self._engine) as connection:
            sweep = _require(connection, sweep_id, account_id)
            number = int(sweep.sweep_id)
            if sweep.is_paused:
                now = sweep_rows.database_now(connection)
                sweep_rows.set_next(connection, number, next(ticks_after(sweep.schedule, now)))
                sweep_rows.set_paused(connection, number, paused=False)
            return _require(connection, sweep_id, account_id)

    def run_now(self, sweep_id: str, account_id: str = "default") -> SweepRun:
        """Submit a sweep's job once beside its schedule, paused or not.

        Raises:
            SourceNotFoundError: there is no such sweep.
            InputError: its run before is not over (`sweep_running`).
            AccessError: nothing is left of a quota (`quota_used_up`).
        """
        with transaction(self._engine) as connection:
            sweep = _require(connection, sweep_id, account_id)
            number = int(sweep.sweep_id)
            if (running := sweep_rows.open_job(connection, number)) is not None:
                raise InputError(
                    f"Sweep {sweep_id} is still running as job {running}: wait for it, or cancel it.",
                    "sweep_running",
                )
            now = sweep_rows.database_now(connection)
            require_begin(connection, account_id, sweep.key_id)
            job_id = enter_job(connection, sweep.job, account_id, sweep.key_id)
            return to_run(sweep_rows.insert_run(connection, number, now, 0, job_id))

    def remove(self, sweep_id: str, account_id: str = "default") -> None:
        """Let a sweep have no run any more; its jobs and reports stay.

        Raises:
            SourceNotFoundError: there is no such sweep.
        """
        with transaction(self._engine) as connection:
            sweep = _require(connection, sweep_id, account_id)
            sweep_rows.remove_sweep(connection, int(sweep.sweep_id))
            named = sweep.job.source_options
            secret_rows.hand_over(
                connection, account_id, [named.cookies_id, named.proxy_id], int(sweep.sweep_id)
            )


def add_sweep(
    connection: Connection,
    spec: SweepSpec,
    account_id: str,
    key_id: str | None = None,
    secrets: Sequence[SealedSecret] = (),
) -> Sweep:
    """Make a sweep inside the caller's transaction; see `SweepDesk.add`."""
    schedule = spec.schedule
    if any(is_upload(source) for source in spec.job.sources):
        raise unlisted_upload()
    require_account(connection, account_id)
    for secret in secrets:
        secret_rows.insert_secret(connection, account_id, None, secret)
    facts = NewSweepFacts(
        account_id,
        spec.name or spec.job.name or spec.job.sources[0],
        schedule.cron,
        schedule.timezone,
        spec.job.model_dump(mode="json"),
        next(ticks_after(schedule, sweep_rows.database_now(connection))),
        key_id,
    )
    return _require(connection, str(sweep_rows.insert_sweep(connection, facts)), account_id)


def to_sweep(facts: SweepFacts) -> Sweep:
    """Return a sweep as people see it."""
    return Sweep(
        str(facts.sweep_id),
        facts.account_id,
        facts.name,
        Schedule(facts.cron, facts.timezone),
        JobSpec.model_validate(facts.spec),
        facts.created_at,
        facts.paused_at is not None,
        facts.next_at,
        facts.key_id,
    )


def to_run(facts: RunFacts) -> SweepRun:
    """Return a run as people see it."""
    job_id = None if facts.job_id is None else str(facts.job_id)
    due_at: datetime = facts.due_at
    return SweepRun(
        str(facts.run_id), str(facts.sweep_id), due_at, facts.n_missed, job_id, facts.digest
    )


def _require(connection: Connection, sweep_id: str, account_id: str) -> Sweep:
    """Return a sweep of this account, locked until the transaction's end."""
    is_id = sweep_id.isascii() and sweep_id.isdigit() and len(sweep_id) < 19
    facts = sweep_rows.lock_sweep(connection, int(sweep_id)) if is_id else None
    if facts is None or facts.account_id != account_id:
        raise SourceNotFoundError(f"There is no sweep {sweep_id}.", "sweep_not_found")
    return to_sweep(facts)
