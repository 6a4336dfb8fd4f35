"""What must be true when the dust has settled: each broken promise is one line."""

import time

from sqlalchemy import Engine, text

from jobs.job_desk import JobDesk
from pipeline.errors import VerityError
from storage.kept_objects import get_object, sweep_orphans
from storage.objects import ObjectStore

GRACE_S = 1.0


def broken_promises(engine: Engine, store: ObjectStore, job_id: str, n_bad: int) -> list[str]:
    """Return what is wrong with a job that is over.

    Args:
        engine: of the queue.
        store: where the reports lie, reached without faults.
        job_id: of the job.
        n_bad: how many of its items are damaged on purpose and must fail.
    """
    found = [*_wrong_rows(engine, job_id), *_wrong_counts(engine, job_id)]
    with engine.connect() as connection:
        statement = "SELECT error_code, count(*) FROM item WHERE state = 'failed' GROUP BY 1"
        codes = {code: n for code, n in connection.execute(text(statement))}
    if codes != ({"media_corrupt": n_bad} if n_bad else {}):
        found.append(f"{n_bad} damaged items should fail as media_corrupt, but: {codes}")
    return found + _wrong_objects(engine, store)


_ROWS = {
    "items that are not final": "SELECT count(*) FROM item WHERE state NOT IN ('done', 'failed')",
    "items without a report": (
        "SELECT count(*) FROM item LEFT JOIN report USING (item_id)"
        " WHERE kind = 'media' AND report.item_id IS NULL"
    ),
    "items without their three files": (
        "SELECT count(*) FROM item i WHERE kind = 'media' AND"
        " (SELECT count(*) FROM report_file f WHERE f.item_id = i.item_id) <> 3"
    ),
    "items that were finished twice": (
        "SELECT count(*) FROM (SELECT FROM attempt WHERE cause = 'done'"
        " GROUP BY item_id HAVING count(*) > 1) AS twice"
    ),
    "reports of another attempt than the last": (
        "SELECT count(*) FROM report r JOIN item i USING (item_id)"
        " WHERE (r.document->'report'->>'attempt')::int IS DISTINCT FROM i.attempt"
        " AND r.document->'report' ? 'attempt'"
    ),
    "results of items that failed": (
        "SELECT count(*) FROM analysis a JOIN item i USING (item_id)"
        " WHERE i.state = 'failed' AND a.verdict IS NOT NULL"
    ),
}


def _wrong_rows(engine: Engine, job_id: str) -> list[str]:
    found = []
    with engine.connect() as connection:
        for name, statement in _ROWS.items():
            n_wrong = connection.scalar(text(statement)) or 0
            if n_wrong:
                found.append(f"{n_wrong} {name} (job {job_id})")
    return found


def _wrong_counts(engine: Engine, job_id: str) -> list[str]:
    counts = JobDesk(engine).job_status(job_id).counts
    statement = "SELECT state, count(*) FROM item WHERE kind = 'media' GROUP BY state"
    with engine.connect() as connection:
        rows = {state: n for state, n in connection.execute(text(statement))}
    shown = {"done": counts.done, "failed": counts.failed}
    real = {state: rows.get(state, 0) for state in shown}
    total = sum(rows.values())
    if shown != real or counts.total != total:
        return [f"the counters say {shown} of {counts.total}, the rows {real} of {total}"]
    return []


def _wrong_objects(engine: Engine, store: ObjectStore) -> list[str]:
    time.sleep(GRACE_S + 0.2)
    while sweep_orphans(engine, store, GRACE_S):
        pass
    with engine.connect() as connection:
        named = set(connection.scalars(text("SELECT DISTINCT key FROM report_file")))
    there = {key for key in store.list_keys() if not key.startswith("_probe/")}
    found = []
    if lost := named - there:
        found.append(f"{len(lost)} objects that rows name are not there")
    if orphans := there - named:
        found.append(f"{len(orphans)} objects that nobody names outlive the grace")
    for key in named & there:
        try:
            get_object(store, key)
        except VerityError as error:
            found.append(f"object {key}: {error.message}")
    return found
