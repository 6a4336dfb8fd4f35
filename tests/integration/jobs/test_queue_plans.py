"""What the server does for a worker's statements: an index's few rows, however many items there are."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, text

from jobs.spec import Beat, ItemKind
from jobs.work_queue import WorkQueue
from storage.database import STEADY
from storage.host_rows import block_host
from tests.integration.jobs.queue_makers import CORRUPT, N_MANY, make_job, make_many, make_result

pytestmark = pytest.mark.postgres

HELD = {"item_running", "item_deferred"}  # the few that a fleet holds, or waits for
BY_KEY = {"item_pkey"} | HELD
VERBS = {"SELECT", "WITH", "UPDATE", "INSERT", "DELETE"}


@dataclass
class Sent:
    """What a worker has sent: statement -> its parameters."""

    each_time_planned: dict[str, Any] = field(default_factory=dict)
    prepared: dict[str, Any] = field(default_factory=dict)


def recorder(sent: Sent) -> type[psycopg.Cursor[Any]]:
    """Return a cursor that notes what is sent, whichever layer sends it."""

    class Recorder(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **how: Any) -> "Recorder":  # noqa: ANN401
            if str(query).split(maxsplit=1)[0].upper() in VERBS:
                is_kept = how.get("prepare") or self.connection.prepare_threshold == 0
                notes = sent.prepared if is_kept else sent.each_time_planned
                notes[str(query)] = params
            return super().execute(query, params, **how)

    return Recorder


@pytest.fixture
def sent(engine: Engine) -> Iterator[Sent]:
    """Give what a worker sends for items that are done, fail, are given back, or wait for a host."""
    queue = WorkQueue(engine)
    make_job(queue, 2)  # two jobs: fairness is asked for
    make_many(engine, queue, N_MANY)
    sent = Sent()

    def record(driver: Any, _: object) -> None:  # noqa: ANN401 (the driver's own)
        driver.cursor_factory = recorder(sent)

    engine.dispose()
    event.listen(engine, "connect", record)
    claims = queue.claim("worker", 3)
    queue.heartbeat([Beat(claims[0], "decode", provisional="[]")])
    queue.quota.charge_sound(claims[0], 6.0)
    queue.finish(claims[0], make_result(claims[0]))
    queue.fail(claims[1], CORRUPT)
    queue.release(claims[2])
    with engine.begin() as connection:
        block_host(connection, "slow.example", 60)
    assert queue.claim("worker", kind=ItemKind.MEDIA)
    queue.tend()
    queue.desk.has_open_work()
    event.remove(engine, "connect", record)
    engine.dispose()
    yield sent
    queue.close()


def faults(plan: dict[str, Any], above: str = "", *, is_limited: bool = False) -> list[str]:
    """Return where a plan reads every item, or puts many in order."""
    node, table, index = (plan.get(k, "") for k in ("Node Type", "Relation Name", "Index Name"))
    found = [f"{node} on item"] if table == "item" and node == "Seq Scan" else []
    is_bounded = bool(plan.get("Index Cond")) or index in HELD or is_limited
    if table == "item" and index and not is_bounded:
        found.append(f"all of {index}")
    if above and table == "item" and index not in BY_KEY:
        found.append(f"{above} over {index}")
    if node == "Limit":
        above, is_limited = "", True  # the first few of the index
    elif "Sort" in node or "Bitmap" in node:
        above, is_limited = node, False
    for below in plan.get("Plans", []):
        found += faults(below, above, is_limited=is_limited)
    return found


def looks_at(plan: dict[str, Any], index: str) -> int:
    """Return how often a plan that was carried out has looked into an index."""
    own = plan["Actual Loops"] if plan.get("Index Name") == index else 0
    return int(own) + sum(looks_at(below, index) for below in plan.get("Plans", []))


def plan_of(
    engine: Engine,
    before: str,
    statement: str,
    values: Any,  # noqa: ANN401
    how: str = "",
) -> dict[str, Any]:
    """Return the server's plan of a statement with its values, after another statement."""
    with engine.begin() as connection:
        driver = connection.connection.cursor()
        driver.execute(before)
        how = how or ("" if values else ", GENERIC_PLAN")
        explain = f"EXPLAIN (FORMAT JSON{how})"
        driver.execute(f"{explain} {statement}", values)
        row = driver.fetchone()
        assert row is not None
        plan: dict[str, Any] = row[0][0]["Plan"]
        return plan


def kept_plan_of(engine: Engine, statement: str) -> dict[str, Any]:
    """Return the plan of a prepared statement: it knows no parameters."""
    names: dict[str, str] = {}
    numbered = re.sub(
        r"%\((\w+)\)s", lambda it: names.setdefault(it[1], f"${len(names) + 1}"), statement
    )
    return plan_of(engine, str(STEADY), numbered, None)


def test_no_statement_of_a_worker_scans_or_sorts_the_items(engine: Engine, sent: Sent) -> None:
    plans = {
        it: plan_of(engine, before, it, values)
        for before, some in (("SELECT", sent.each_time_planned), (str(STEADY), sent.prepared))
        for it, values in some.items()
    }
    assert len(sent.prepared) > 10
    assert len(plans) > 30
    assert {it: found for it, plan in plans.items() if (found := faults(plan))} == {}
    assert sum("item_ready" in json.dumps(plan) for plan in plans.values()) > 4


@pytest.mark.parametrize("n_items", [0, N_MANY])
def test_plans_that_the_server_keeps_fit_however_the_tables_grow(
    engine: Engine, sent: Sent, n_items: int
) -> None:
    if not n_items:  # as a worker finds them that was there first
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("TRUNCATE item, job, job_delta, attempt CASCADE"))
            connection.execute(text("VACUUM ANALYZE item, job, job_delta, attempt"))
    plans = {statement: kept_plan_of(engine, statement) for statement in sent.prepared}
    assert {it: found for it, plan in plans.items() if (found := faults(plan))} == {}
    assert sum("item_ready" in json.dumps(plan) for plan in plans.values()) > 2


def test_a_plan_that_would_scan_the_items_is_found(engine: Engine, sent: Sent) -> None:
    for index in ("item_ready", "item_ready_listing"):
        with engine.begin() as connection:
            connection.execute(text(f"DROP INDEX {index}"))
    plans = [kept_plan_of(engine, statement) for statement in sent.prepared]
    assert any(faults(plan) for plan in plans)


@pytest.mark.parametrize("n_accounts", [20, 60])
def test_a_claim_looks_no_further_than_the_jobs_whose_turn_comes(
    engine: Engine, sent: Sent, n_accounts: int
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO account (account_id) SELECT 'a' || n FROM generate_series(1, :n) n"),
            {"n": n_accounts},
        )
        jobs = connection.scalars(
            text(
                "INSERT INTO job (account_id, sources, priority, options)"
                " SELECT account_id, '{x}', 1, '{}' FROM account RETURNING job_id"
            )
        ).all()
        connection.execute(
            text(
                "INSERT INTO item (job_id, account_id, kind, state, priority, source_uri, source_key)"
                " SELECT job_id, account_id, 'media', 'ready', 1, 'x', 'x' FROM job"
                " WHERE job_id = ANY(:jobs)"
            ),
            {"jobs": jobs},
        )
    asked = [it for it in sent.prepared.items() if "room_group" in it[0]]
    [(statement, values)] = [it for it in asked if "kind =" not in it[0]]
    some = {**values, "most_groups": 3, "most_jobs": 2}
    next_ones = plan_of(engine, str(STEADY), statement, some, ", ANALYZE")
    everything = {**values, "most_groups": 1000, "most_jobs": 1000}
    all_of_them = plan_of(engine, str(STEADY), statement, everything, ", ANALYZE")
    assert 1 <= looks_at(next_ones, "item_ready") <= 3 * 2 + 2  # two jobs have nothing ready
    assert looks_at(all_of_them, "item_ready") > n_accounts
