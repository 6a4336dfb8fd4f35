"""The fenced end of an attempt in SQL: noted, counted, and told in the same statement where it can be.

Whoever ends an attempt does it here: nothing is written for an item before the fence has matched a
row (DESIGN.md §7). Times are the database's `clock_timestamp()`.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, text

from storage.database import STEADY, one_trip, send
from storage.job_rows import failed_as
from storage.states import AttemptEnd, ItemState
from storage.stored_text import storable

REPORT_OWED = "report_owed"  # in an item's facts: given up, and why; its report is to be written


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """What an item's row says after an attempt."""

    state: ItemState
    cause: AttemptEnd
    code: str = ""
    message: str = ""
    stage: str | None = None  # None: the one of the last heartbeat
    delay_s: float = 0.0  # of a deferred item
    verdict: str = ""
    reason: str = ""
    llr: float | None = None
    voiced_s: float | None = None
    adds_crash: bool = False
    adds_failure: bool = False
    adds_loss: bool = False
    adds_outage: bool = False
    report_owed: str = ""  # the item is given up for this reason, but has no report yet


@dataclass(frozen=True, slots=True)
class EndedFacts:
    """The item whose attempt was just ended."""

    item_id: int
    job_id: int
    account_id: str
    kind: str
    state: ItemState  # a job that was cancelled meanwhile turns `ready` into `cancelled`


# a job that was cancelled has no more tries to give: its items end instead of waiting again
_END = text("""
WITH ended AS (
    UPDATE item SET
        state = CASE WHEN :state IN ('ready', 'deferred') AND EXISTS (
            SELECT FROM job WHERE job.job_id = item.job_id AND job.cancelled_at IS NOT NULL)
            THEN 'cancelled' ELSE :state END,
        lease_until = NULL,
        stage = coalesce(:stage, stage),
        available_at = CASE WHEN :state = 'deferred'
            THEN clock_timestamp() + make_interval(secs => :delay_s) END,
        finished_at = CASE WHEN :state IN ('ready', 'deferred') THEN NULL
            ELSE clock_timestamp() END,
        verdict = :verdict, reason = :reason, llr = :llr, voiced_s = :voiced_s,
        error_code = :code, error_message = :message,
        n_crashes = n_crashes + :crash, n_failures = n_failures + :failure,
        n_losses = n_losses + :loss, n_outages = least(n_outages + :outage, 30000),
        facts = CASE WHEN :owed = '' THEN facts
            ELSE facts || jsonb_build_object(CAST(:owed_key AS text), CAST(:owed AS text)) END
    WHERE item_id = :item_id AND fence = :fence AND state = 'running'
    RETURNING item_id, job_id, account_id, kind, state, fence, attempt, worker_id, claimed_at, stage
), noted AS (
    INSERT INTO attempt (item_id, fence, attempt, worker_id, started_at, stage, cause, code, message)
    SELECT item_id, fence, attempt, worker_id, claimed_at, stage, :cause, :code, :message FROM ended
), counted AS (
    -- what the end does to its job's counters; a failed listing is shown as a failed item
    INSERT INTO job_delta (job_id, n_listing, n_total, n_done, n_failed, n_cancelled, outcome)
    SELECT job_id, -(kind = 'list')::int, (kind = 'list' AND state = 'failed')::int,
        (kind = 'media' AND state = 'done')::int, (state = 'failed')::int,
        (kind = 'media' AND state = 'cancelled')::int,
        CASE WHEN state = 'failed' THEN :failed_as
            WHEN kind = 'media' AND state = 'done' THEN :verdict ELSE '' END
    FROM ended WHERE state IN ('done', 'failed', 'cancelled')
)
SELECT ended.item_id, ended.job_id, ended.account_id, ended.kind, ended.state
FROM ended LEFT JOIN LATERAL (
    SELECT pg_notify('verity_progress', job_id || ' ' || account_id),
        CASE state WHEN 'ready' THEN pg_notify('verity_work', '') END,
        append_audit(ARRAY['attempt_ended'], ARRAY[account_id], ARRAY[job_id], ARRAY[item_id],
            ARRAY[CASE state WHEN :state THEN :audited ELSE :audited_cancelled END])
    WHERE :audited <> ''
) AS told ON true
""")


@dataclass(frozen=True, slots=True)
class LastWords:
    """What the audit log is told in the same statement, where an end writes nothing else."""

    audited: str = ""  # facts as they are hashed
    audited_cancelled: str = ""  # the same, where the job was cancelled meanwhile


def end_attempt(
    connection: Connection, item_id: int, fence: int, end: ItemEnd
) -> EndedFacts | None:
    """End the attempt that holds this fence, note and count it; None: the fence holds no item.

    This is the first statement of every transaction that writes anything for an item; the same
    transaction forgets what was provisional (`provisional_rows.forget`), tells the audit log, and
    rings for whoever waits or watches.
    """
    with one_trip(connection):
        send(connection, STEADY)
        asked = ask_end(connection, item_id, fence, end)
    return ended_by(asked)


def ask_end(
    connection: Connection, item_id: int, fence: int, end: ItemEnd, words: LastWords = LastWords()
) -> "Cursor[dict[str, Any]]":
    """Send the end of an attempt, to be read with `ended_by`; with last words it is told and rung."""
    values = {
        "item_id": item_id,
        "fence": fence,
        "state": end.state.value,
        "cause": end.cause.value,
        "code": storable(end.code),
        "failed_as": storable(failed_as(end.code)),
        "message": storable(end.message),
        "stage": None if end.stage is None else storable(end.stage),
        "delay_s": end.delay_s,
        "verdict": end.verdict,
        "reason": end.reason,
        "llr": end.llr,
        "voiced_s": end.voiced_s,
        "crash": int(end.adds_crash),
        "failure": int(end.adds_failure),
        "loss": int(end.adds_loss),
        "outage": int(end.adds_outage),
        "owed_key": REPORT_OWED,
        "owed": storable(end.report_owed),
        "audited": words.audited,
        "audited_cancelled": words.audited_cancelled,
    }
    return send(connection, _END, values)


def ended_by(asked: "Cursor[dict[str, Any]]") -> EndedFacts | None:
    """Return what an end has ended; None: the fence held no item."""
    row = asked.fetchone()
    return None if row is None else EndedFacts(**{**row, "state": ItemState(row["state"])})


def read_attempt_end(connection: Connection, item_id: int, fence: int) -> AttemptEnd | None:
    """Return how the attempt with this fence ended, or None where it has not ended."""
    cause: str | None = connection.scalar(
        text("SELECT cause FROM attempt WHERE item_id = :item_id AND fence = :fence"),
        {"item_id": item_id, "fence": fence},
    )
    return None if cause is None else AttemptEnd(cause)
