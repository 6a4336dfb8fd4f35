"""What must be true when the dust has settled: each broken promise is one line."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, text

from jobs.job_desk import JobDesk
from jobs.spec import JobCounts
from pipeline.errors import VerityError
from storage.audit_rows import check_chain
from storage.kept_objects import get_object, sweep_orphans
from storage.late_puts import look_again
from storage.object_keys import is_key
from storage.objects import ObjectStore

_ROWS = {
    "items are not final": (
        "SELECT item_id FROM item WHERE job_id = :job_id AND state NOT IN ('done', 'failed')"
    ),
    "listings did not end": (
        "SELECT item_id FROM item WHERE job_id = :job_id AND kind = 'list' AND state <> 'done'"
    ),
    "items were listed twice": (
        "SELECT min(item_id) FROM item WHERE job_id = :job_id AND kind = 'media'"
        " GROUP BY source_uri HAVING count(*) > 1"
    ),
    "items have no report": (
        "SELECT item_id FROM item LEFT JOIN report USING (item_id)"
        " WHERE item.job_id = :job_id AND kind = 'media' AND report.item_id IS NULL"
    ),
    "items have more or less than one analysis": (
        "SELECT item_id FROM item LEFT JOIN analysis USING (item_id)"
        " WHERE item.job_id = :job_id AND kind = 'media'"
        " GROUP BY item_id HAVING count(analysis.item_id) <> 1"
    ),
    "items have not their three files": (
        "SELECT item_id FROM item LEFT JOIN report_file USING (item_id)"
        " WHERE job_id = :job_id AND item.kind = 'media'"
        " GROUP BY item_id"
        " HAVING count(*) FILTER (WHERE report_file.kind IN ('json', 'pdf', 'csv')) <> 3"
    ),
    "items were finished more or less than once": (
        "SELECT item_id FROM item LEFT JOIN attempt USING (item_id) WHERE job_id = :job_id"
        " AND state = 'done' GROUP BY item_id"
        " HAVING count(*) FILTER (WHERE cause = 'done') <> 1"
    ),
    "items have attempts that did not end": (
        "SELECT item_id FROM item LEFT JOIN attempt USING (item_id) WHERE job_id = :job_id"
        " GROUP BY item_id HAVING count(attempt.item_id) <> max(item.attempt)"
    ),
    "items ended by another attempt than their last": (
        "SELECT item_id FROM item JOIN attempt USING (item_id, fence) WHERE job_id = :job_id"
        " AND (state = 'done') <> (cause = 'done')"
    ),
    "reports are of another attempt than the last": (
        "SELECT r.item_id FROM report r JOIN item i USING (item_id) WHERE i.job_id = :job_id"
        " AND (r.document->'issue'->>'attempt')::int IS DISTINCT FROM i.attempt"
    ),
    "results belong to items that failed": (
        "SELECT item_id FROM analysis JOIN item USING (item_id)"
        " WHERE item.job_id = :job_id AND state = 'failed' AND analysis.verdict IS NOT NULL"
    ),
    "items have verdicts unlike their analysis": (
        "SELECT item_id FROM analysis JOIN item USING (item_id)"
        " WHERE item.job_id = :job_id AND analysis.verdict IS DISTINCT FROM nullif(item.verdict, '')"
    ),
    "ends are missing in the audit log, or there twice": (
        "SELECT item_id FROM item LEFT JOIN audit USING (item_id) WHERE item.job_id = :job_id"
        " GROUP BY item_id, attempt"
        " HAVING count(*) FILTER (WHERE event = 'attempt_ended') <> attempt"
        " OR count(*) FILTER (WHERE event = 'attempt_started') <> attempt"
    ),
}


@dataclass(frozen=True, slots=True)
class SweepTimes:
    """What the sweep is given to find everything."""

    grace_s: float  # how long an object that nobody names may lie
    watch_s: float  # how long a late put is looked for after a sweep


def broken_promises(
    engine: Engine, store: ObjectStore, job_id: str, damaged: frozenset[str], times: SweepTimes
) -> list[str]:
    """Return what is wrong with a job that is over and whose workers have ended.

    Args:
        engine: of the queue.
        store: where the reports lie, reached without faults.
        job_id: of the job; no other one wrote reports.
        damaged: names of the files that no analysis can read: they and no others must fail.
        times: of the sweep, which is waited for: no process puts anything any more.
    """
    return [
        *_wrong_rows(engine, job_id),
        *_wrong_failures(engine, job_id, damaged),
        *_wrong_counts(engine, job_id),
        *_wrong_objects(engine, store, times),
        *(f"audit log, row {place.number}: {place.what}" for place in check_chain(engine)),
    ]


def _wrong_rows(engine: Engine, job_id: str) -> Iterator[str]:
    for what, statement in _ROWS.items():
        with engine.connect() as connection:
            wrong = list(connection.scalars(text(statement), {"job_id": int(job_id)}))
        if wrong:
            yield f"{len(wrong)} {what}: {_some(wrong)}"


def _wrong_failures(engine: Engine, job_id: str, damaged: frozenset[str]) -> Iterator[str]:
    statement = (
        "SELECT source_uri, error_code FROM item"
        " WHERE job_id = :job_id AND kind = 'media' AND state = 'failed'"
    )
    with engine.connect() as connection:
        rows = connection.execute(text(statement), {"job_id": int(job_id)})
        failed = {uri.rpartition("/")[2]: code for uri, code in rows}
    if harmed := {name: code for name, code in failed.items() if name not in damaged}:
        yield f"{len(harmed)} healthy items were given up: {_some(sorted(harmed.items()))}"
    if passed := damaged - failed.keys():
        yield f"{len(passed)} damaged items have not failed: {_some(sorted(passed))}"
    if codes := {code for name, code in failed.items() if name in damaged} - {"media_corrupt"}:
        yield f"damaged items failed as {', '.join(sorted(codes))}, not as media_corrupt"


def _wrong_counts(engine: Engine, job_id: str) -> Iterator[str]:
    counts = JobDesk(engine).job_status(job_id).counts
    statement = (
        "SELECT state FROM item WHERE job_id = :job_id AND (kind = 'media' OR state = 'failed')"
    )
    with engine.connect() as connection:
        states = Counter(connection.scalars(text(statement), {"job_id": int(job_id)}))
    rows = JobCounts(
        total=states.total(),
        done=states["done"],
        failed=states["failed"],
        cancelled=states["cancelled"],
        running=states["running"],
        waiting=states["ready"] + states["deferred"],
        listing=0,
    )
    if counts != rows:
        yield f"the counters say {counts}, the rows {rows}"


def _wrong_objects(engine: Engine, store: ObjectStore, times: SweepTimes) -> Iterator[str]:
    _sweep(engine, store, times)
    with engine.connect() as connection:
        files = connection.execute(text("SELECT key, sha256, size_bytes FROM report_file")).all()
        known = set(connection.scalars(text("SELECT key FROM object")))
    named = {file.key for file in files}
    # a store that is killed while it takes an object leaves files of its own
    there = set(filter(is_key, store.list_keys()))
    if lost := named - there:
        yield f"{len(lost)} objects that rows name are not there: {_some(sorted(lost))}"
    if orphans := there - named:
        n_known = len(orphans & known)
        yield (
            f"{len(orphans)} objects that nobody names outlive the grace ({n_known} of them known):"
            f" {_some(sorted(orphans))}"
        )
    for file in files:
        if file.key not in there:
            continue
        try:
            content = get_object(store, file.key)  # checks it against the hash in its key
        except VerityError as error:
            yield f"object {file.key}: {error.message}"
            continue
        if len(content) != file.size_bytes or not file.key.endswith(f"/{file.sha256}"):
            yield f"object {file.key} is not the file that its row tells of"


_TO_SWEEP = text("""
SELECT (SELECT count(*) FROM swept_object WHERE looked_at < :ended_at)
     + (SELECT count(*) FROM object WHERE key NOT IN (SELECT key FROM report_file))
""")


def _sweep(engine: Engine, store: ObjectStore, times: SweepTimes) -> None:
    """Sweep until every grace has ended, and each swept key was looked at since all puts have ended."""
    with engine.connect() as connection:
        ended_at = connection.scalar(text("SELECT clock_timestamp()"))
    began = time.monotonic()
    is_swept = False
    # a put that is found late has its grace again
    while time.monotonic() - began < times.watch_s + 4 * times.grace_s and not is_swept:
        look_again(engine, store, times.grace_s, times.watch_s)
        sweep_orphans(engine, store, times.grace_s)
        time.sleep(times.grace_s / 5)
        with engine.connect() as connection:
            n_left = connection.scalar(_TO_SWEEP, {"ended_at": ended_at})
        is_swept = n_left == 0 and time.monotonic() - began > 2 * times.grace_s


def _some(things: list[object] | list[str] | list[tuple[str, str]]) -> str:
    shown = ", ".join(map(str, things[:3]))
    return shown if len(things) <= 3 else f"{shown}, ..."
