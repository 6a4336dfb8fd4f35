"""Runs what is due, whoever calls it and however often: each tick of a sweep has one run.

A tick is taken by locking the sweep's row, and its run, its job and the next tick are one
transaction; another scheduler finds the row locked, or the next tick not due. What is due is the
database's clock's to say, so schedulers whose clocks differ agree.

Of the ticks that passed while nobody looked, the latest has a run and the earlier ones are counted
as missed: a newsroom wants what is new, once. A tick that comes while the run before is not over is
left out and written down; what is new by then is in the next run.
"""

import logging

from pydantic import ValidationError
from sqlalchemy import Engine

from jobs.digest import make_digest
from jobs.job_desk import enter_job
from jobs.notices import note_digest
from jobs.schedule import due_ticks
from jobs.sweep_desk import to_run, to_sweep
from jobs.sweep_spec import SweepRun
from storage import sweep_rows
from storage.database import transaction

_log = logging.getLogger(__name__)


def run_due(engine: Engine) -> list[SweepRun]:
    """Start every sweep that is due and that no other scheduler has; return the runs.

    Raises:
        DatabaseError: the database does not answer.
    """
    runs = []
    while run := _run_next(engine):
        runs.append(run)
        told = {"sweep_id": run.sweep_id, "job_id": run.job_id, "n_missed": run.n_missed}
        _log.info("sweep came due", extra=told)
    return runs


def _run_next(engine: Engine) -> SweepRun | None:
    with transaction(engine) as connection:
        facts = sweep_rows.lock_due(connection)
        if facts is None:
            return None
        try:
            sweep = to_sweep(facts)
        except ValidationError:  # made by a newer version; one sweep must not stop the others
            _log.exception("sweep paused: its job is not understood", extra={"id": facts.sweep_id})
            sweep_rows.set_paused(connection, facts.sweep_id, paused=True)
            return None
        due = due_ticks(sweep.schedule, sweep.next_at, sweep_rows.database_now(connection))
        sweep_rows.set_next(connection, facts.sweep_id, due.following)
        if sweep_rows.has_run(connection, facts.sweep_id, due.latest):
            return None
        running = sweep_rows.open_job(connection, facts.sweep_id)
        job_id = None
        if not running:
            job_id = enter_job(connection, sweep.job, sweep.account_id, sweep.key_id)
        return to_run(
            sweep_rows.insert_run(connection, facts.sweep_id, due.latest, due.n_missed, job_id)
        )


def digest_ended(engine: Engine) -> int:
    """Write the digest of every run whose job is over, and tell subscribers; return how many.

    Raises:
        DatabaseError: the database does not answer.
    """
    n_digests = 0
    while True:
        with transaction(engine) as connection:
            run = sweep_rows.lock_undigested(connection)
            if run is None:
                return n_digests
            digest = make_digest(connection, run)
            sweep_rows.store_digest(connection, run.run_id, digest.model_dump(mode="json"))
            note_digest(connection, digest)
            n_digests += 1
