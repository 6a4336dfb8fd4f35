"""Claims in SQL: claim, heartbeat, reclaiming (DESIGN.md §7).

Which job is served next is in `room_rows`, which host may be asked in `host_rows`, how an attempt ends
in `end_rows`. Times are the database's `clock_timestamp()`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from storage import provisional_rows
from storage.database import LETS_GO, STEADY, one_trip, send
from storage.provisional_rows import ProvisionalFacts
from storage.states import ItemKind
from storage.stored_text import storable


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
    job_name: str
    requested_at: datetime  # when the job was
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
FROM job
WHERE item.item_id = ANY(ARRAY(SELECT item_id FROM picked)) AND job.job_id = item.job_id
RETURNING item.item_id, item.job_id, item.account_id, item.kind, item.source_uri, item.title,
    item.source_key, item.host, item.facts, item.cursor, item.attempt, item.fence, item.worker_id,
    item.lease_until, item.n_crashes, item.n_failures, item.n_losses, item.n_outages,
    job.options, job.priority, job.name AS job_name, job.created_at AS requested_at, job.may_reuse,
    job.keep_media_days, job.detector
"""
_FIRST = """
    SELECT item_id FROM item WHERE job_id = turn.job_id AND state = 'ready' {kind}
    ORDER BY priority, item_id"""
# bounded, so that a claim stays quick where a long job waits for one host
_FIRST_OF_OTHER_HOSTS = """
    SELECT item_id FROM item WHERE item_id = ANY(ARRAY(
        SELECT item_id FROM (
            SELECT item_id, host FROM item WHERE job_id = turn.job_id AND state = 'ready' {kind}
            ORDER BY priority, item_id LIMIT :looked_at
        ) head WHERE host <> ALL(:busy_hosts) LIMIT :looked_at_free
    )) AND state = 'ready'
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
UPDATE item SET state = 'ready', available_at = NULL WHERE item_id = ANY(ARRAY(
    SELECT item_id FROM item WHERE state = 'deferred' AND available_at <= clock_timestamp()
    ORDER BY available_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED))
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
    WHERE item.item_id = ANY(CAST(:items AS bigint[]))  -- or a kept plan joins with all items
        AND item.fence = beat.fence AND item.state = 'running'
    ORDER BY item.item_id FOR NO KEY UPDATE OF item
)
UPDATE item SET lease_until = clock_timestamp() + make_interval(secs => :lease_s),
    stage = beat.stage, progress = beat.progress, cursor = coalesce(beat.cursor, item.cursor)
FROM held JOIN beat ON beat.item_id = held.item_id, job
WHERE item.item_id = ANY(CAST(:items AS bigint[])) AND item.item_id = held.item_id
  AND item.fence = beat.fence AND item.state = 'running'
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


_LOCK_HELD = text(
    f"SELECT item_id, {LETS_GO} FROM item"  # noqa: S608 (a constant of ours)
    " WHERE item_id = :item_id AND fence = :fence AND state = 'running' FOR NO KEY UPDATE"
)


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


_EXPIRED = text(
    f"SELECT item_id, fence, kind, n_losses, {LETS_GO} FROM item"  # noqa: S608
    " WHERE state = 'running' AND lease_until < clock_timestamp()"
    " ORDER BY item_id LIMIT :most FOR NO KEY UPDATE SKIP LOCKED"
)


def lock_expired(connection: Connection, most: int) -> list[ExpiredFacts]:
    """Lock items whose lease is over; return them."""
    rows = connection.execute(_EXPIRED, {"most": most})
    return [ExpiredFacts(row.item_id, row.fence, row.kind, row.n_losses) for row in rows]


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
