"""Claims in SQL: claim, heartbeat, the fenced end of an attempt, reclaiming (DESIGN.md §7).

Which job is served next is in `room_rows`, which host may be asked in `host_rows`.

Whoever ends an attempt does it with `end_attempt`, the fenced update: nothing is written for an
item before it has matched a row. Times are the database's `clock_timestamp()`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, text

from storage import provisional_rows
from storage.database import STEADY, one_trip, send
from storage.job_rows import failed_as
from storage.provisional_rows import ProvisionalFacts
from storage.states import AttemptEnd, ItemKind, ItemState
from storage.stored_text import storable

REPORT_OWED = "report_owed"  # in an item's facts: given up, and why; its report is to be written


@dataclass(frozen=True, slots=True)
class ClaimedFacts:
    """An item's row as its claim takes it."""

    item_id: int
    job_id: int
    account_id: str
    kind: str
    source_uri: str
    title: str
    source_key: str
    host: str
    facts: dict[str, str]
    cursor: str
    attempt: int
    fence: int
    worker_id: str
    lease_until: datetime
    n_crashes: int
    n_failures: int
    n_losses: int
    n_outages: int
    options: dict[str, Any]  # the job's
    priority: int  # the job's
    may_reuse: bool  # the job's
    keep_media_days: int | None  # the job's; None: as the installation says
    detector: str  # the job's


@dataclass(frozen=True, slots=True)
class BeatFacts:
    """A sign of life for one held item; None leaves the cursor as it is."""

    item_id: int
    fence: int
    stage: str
    progress: float
    cursor: str | None
    provisional: str | None = None  # what is shown meanwhile; None: as before


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """A held item whose lease was renewed."""

    item_id: int
    is_cancelled: bool
    is_paused: bool


@dataclass(frozen=True, slots=True)
class ExpiredFacts:
    """A held item whose lease is over."""

    item_id: int
    fence: int
    kind: str
    n_losses: int  # before this one


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


# each job's items by the index of ready ones, in its order, however many there are
_CLAIM = """
WITH picked AS (
    SELECT head.item_id
    FROM unnest(CAST(:jobs AS bigint[]), CAST(:mosts AS int[])) AS turn(job_id, most)
    CROSS JOIN LATERAL ({head} LIMIT turn.most FOR NO KEY UPDATE SKIP LOCKED) AS head
)
UPDATE item SET state = 'running', attempt = attempt + 1, fence = fence + 1,
    worker_id = :worker_id, claimed_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => :lease_s),
    stage = '', progress = 0, available_at = NULL
FROM picked, job
WHERE item.item_id = picked.item_id AND job.job_id = item.job_id
RETURNING item.item_id, item.job_id, item.account_id, item.kind, item.source_uri, item.title,
    item.source_key, item.host, item.facts, item.cursor, item.attempt, item.fence, item.worker_id,
    item.lease_until, item.n_crashes, item.n_failures, item.n_losses, item.n_outages,
    job.options, job.priority, job.may_reuse, job.keep_media_days, job.detector
"""
_FIRST = """
    SELECT item_id FROM item WHERE job_id = turn.job_id AND state = 'ready' {kind}
    ORDER BY priority, item_id"""
# bounded, so that a claim stays quick where a long job waits for one host
_FIRST_OF_OTHER_HOSTS = """
    SELECT item_id FROM item WHERE item_id IN (
        SELECT item_id FROM (
            SELECT item_id, host FROM item WHERE job_id = turn.job_id AND state = 'ready' {kind}
            ORDER BY priority, item_id LIMIT :looked_at
        ) head WHERE host <> ALL(:busy_hosts) LIMIT :looked_at_free
    ) AND state = 'ready'
    ORDER BY priority, item_id"""
_KINDS: dict[ItemKind | None, str] = {
    None: "",
    **{kind: f"AND kind = '{kind}'" for kind in ItemKind},
}
_CLAIM_ANY = {k: text(_CLAIM.format(head=_FIRST.format(kind=w))) for k, w in _KINDS.items()}
_CLAIM_OTHER_HOSTS = {
    k: text(_CLAIM.format(head=_FIRST_OF_OTHER_HOSTS.format(kind=w))) for k, w in _KINDS.items()
}
LOOKED_AT = 1000  # ready items of a job that are looked through for hosts that may be asked


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """What a claim takes, and for whom."""

    worker_id: str
    lease_s: float
    most: int
    kind: ItemKind | None = None  # None: any
    busy_hosts: tuple[str, ...] = ()  # that must not be asked now
    detectors: tuple[str, ...] = ()  # SHA-256 of those that the worker has


def claim_items(
    connection: Connection, order: ClaimOrder, turns: Mapping[int, int]
) -> list[ClaimedFacts]:
    """Take ready items for a worker: of each job as many as its turns, or what it has."""
    values: dict[str, object] = {
        "jobs": list(turns),
        "mosts": list(turns.values()),
        "worker_id": order.worker_id,
        "lease_s": order.lease_s,
    }
    statement = _CLAIM_ANY[order.kind]
    if order.busy_hosts:
        statement = _CLAIM_OTHER_HOSTS[order.kind]
        values |= {
            "busy_hosts": list(order.busy_hosts),
            "looked_at": LOOKED_AT,
            # some more than are wanted: others may be locked by another claim
            "looked_at_free": order.most + 32,
        }
    rows = send(connection, statement, values)
    return sorted((ClaimedFacts(**row) for row in rows), key=lambda it: it.item_id)


_PROMOTE = text("""
UPDATE item SET state = 'ready', available_at = NULL WHERE item_id IN (
    SELECT item_id FROM item WHERE state = 'deferred' AND available_at <= clock_timestamp()
    ORDER BY available_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
""")


def promote_deferred(connection: Connection, most: int = 500) -> None:
    """Make ready what has waited long enough; to be sent after `STEADY`."""
    send(connection, _PROMOTE, {"most": most})


_BEAT = text("""
WITH beat AS (
    SELECT * FROM unnest(CAST(:items AS bigint[]), CAST(:fences AS bigint[]),
                         CAST(:stages AS text[]), CAST(:progress AS real[]),
                         CAST(:cursors AS text[])) AS b(item_id, fence, stage, progress, cursor)
), held AS (
    -- locked in one order, so that two beats cannot wait for each other
    SELECT item.item_id FROM item JOIN beat ON beat.item_id = item.item_id
    WHERE item.fence = beat.fence AND item.state = 'running'
    ORDER BY item.item_id FOR NO KEY UPDATE OF item
)
UPDATE item SET lease_until = clock_timestamp() + make_interval(secs => :lease_s),
    stage = beat.stage, progress = beat.progress, cursor = coalesce(beat.cursor, item.cursor)
FROM held JOIN beat ON beat.item_id = held.item_id, job
WHERE item.item_id = held.item_id AND item.fence = beat.fence AND item.state = 'running'
  AND job.job_id = item.job_id
RETURNING item.item_id, job.cancelled_at IS NOT NULL AS is_cancelled,
    job.paused_at IS NOT NULL AS is_paused
""")


def renew_leases(
    connection: Connection, beats: Sequence[BeatFacts], lease_s: float
) -> list[HeldFacts]:
    """Renew what is still held; return it."""
    if not beats:
        return []
    values = {
        "items": [beat.item_id for beat in beats],
        "fences": [beat.fence for beat in beats],
        "stages": [storable(beat.stage) for beat in beats],
        "progress": [min(max(beat.progress, 0.0), 1.0) for beat in beats],
        "cursors": [None if beat.cursor is None else storable(beat.cursor) for beat in beats],
        "lease_s": lease_s,
    }
    with one_trip(connection):
        send(connection, STEADY)
        rows = send(connection, _BEAT, values)
    return [HeldFacts(**row) for row in rows]


def store_provisional(
    connection: Connection, beats: Sequence[BeatFacts], held: Sequence[HeldFacts]
) -> None:
    """Store what is shown of held items meanwhile, in the transaction that has renewed their leases."""
    held_ids = {item.item_id for item in held}
    provisional_rows.replace(
        connection,
        [
            ProvisionalFacts(beat.item_id, beat.fence, beat.provisional)
            for beat in beats
            if beat.item_id in held_ids and beat.provisional is not None
        ],
    )


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


_LOCK_HELD = text("""
SELECT account_id, job_id, kind FROM item
WHERE item_id = :item_id AND fence = :fence AND state = 'running' FOR NO KEY UPDATE
""")


def lock_held(connection: Connection, item_id: int, fence: int) -> bool:
    """Lock an item against reclaiming until the transaction's end; False: it is not held."""
    row = connection.execute(_LOCK_HELD, {"item_id": item_id, "fence": fence}).one_or_none()
    return row is not None


def store_cursor(connection: Connection, item_id: int, cursor: str) -> None:
    """Store how far a listing came; its item was locked with `lock_held`."""
    connection.execute(
        text("UPDATE item SET cursor = :cursor WHERE item_id = :item_id"),
        {"item_id": item_id, "cursor": storable(cursor)},
    )


_EXPIRED = text("""
SELECT item_id, fence, kind, n_losses FROM item
WHERE state = 'running' AND lease_until < clock_timestamp()
ORDER BY item_id LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
""")


def lock_expired(connection: Connection, most: int) -> list[ExpiredFacts]:
    """Lock items whose lease is over; return them."""
    rows = connection.execute(_EXPIRED, {"most": most})
    return [ExpiredFacts(**row) for row in rows.mappings()]


# a gap in the pulse: the database was away, or nobody tended it; held leases could not be renewed
_PULSE = text("""
UPDATE queue_pulse SET
    reclaim_after = CASE
        WHEN clock_timestamp() - beat_at > make_interval(secs => :gap_s)
        THEN clock_timestamp() + make_interval(secs => :grace_s) ELSE reclaim_after END,
    beat_at = clock_timestamp()
RETURNING reclaim_after <= clock_timestamp() AS may_reclaim
""")


def beat_pulse(connection: Connection, gap_s: float, grace_s: float) -> bool:
    """Note that the queue is tended; return whether expired leases may be reclaimed now."""
    return bool(connection.execute(_PULSE, {"gap_s": gap_s, "grace_s": grace_s}).scalar_one())
