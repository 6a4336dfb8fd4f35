"""Fleet workers that are there, in SQL: each says so now and then, and is forgotten when it is silent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from storage.fleet_tables import FleetWorkerRow
from storage.stored_text import storable
from storage.tables import NOW

SILENT_AFTER_S = 20.0  # workers speak every 5 s
FORGOTTEN_AFTER_S = 86_400.0  # of silence: until then people can see which worker went


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """A worker, as it said last."""

    worker_id: str
    host: str
    version: str
    detector: str
    detectors: list[str]  # SHA-256 of all that it can listen with
    lack: str
    actors: list[dict[str, str]]  # lane, node, why
    started_at: datetime
    seen_at: datetime
    silent_s: float
    n_held: int  # items, by the queue


@dataclass(frozen=True, slots=True)
class WorkerWords:
    """What a worker says of itself."""

    worker_id: str
    host: str
    version: str
    detector: str
    lack: str
    actors: Sequence[Mapping[str, str]]
    detectors: Collection[str] = ()  # SHA-256 of all that it can listen with


@dataclass(frozen=True, slots=True)
class AbleFacts:
    """A job, and how many workers could work on it now."""

    job_id: int
    detector: str  # that it names; "": any will do
    detector_name: str  # "": in no analysis yet
    n_workers: int  # that are there
    n_ready: int  # that begin items
    n_able: int  # that have the detector as well


def say_here(connection: Connection, worker: WorkerWords) -> None:
    """Write what a worker says, over what it said before; forget those that are long silent."""
    values: dict[str, Any] = {
        "host": storable(worker.host),
        "version": worker.version,
        "detector": storable(worker.detector),
        "detectors": sorted(worker.detectors),
        "lack": storable(worker.lack),
        "actors": [{key: storable(one[key]) for key in one} for one in worker.actors],
    }
    connection.execute(
        insert(FleetWorkerRow)
        .values(worker_id=worker.worker_id, **values)
        .on_conflict_do_update(
            index_elements=[FleetWorkerRow.worker_id], set_={**values, "seen_at": NOW}
        )
    )
    connection.execute(
        text(
            "DELETE FROM fleet_worker"
            " WHERE seen_at < clock_timestamp() - make_interval(secs => :after_s)"
        ),
        {"after_s": FORGOTTEN_AFTER_S},
    )


def say_gone(connection: Connection, worker_id: str) -> None:
    """Forget a worker that ends as it was told to."""
    connection.execute(
        text("DELETE FROM fleet_worker WHERE worker_id = :worker_id"), {"worker_id": worker_id}
    )


_WORKERS = text("""
SELECT w.*, extract(epoch FROM clock_timestamp() - w.seen_at)::float AS silent_s,
       (SELECT count(*) FROM item i WHERE i.state = 'running' AND i.worker_id = w.worker_id) AS n_held
FROM fleet_worker w ORDER BY w.host, w.started_at
""")


def read_workers(connection: Connection) -> list[WorkerFacts]:
    """Return the workers that spoke within a day, by their machine."""
    return [WorkerFacts(**row) for row in connection.execute(_WORKERS).mappings()]


_ABLE = text("""
SELECT j.job_id, j.detector, coalesce(min(m.name), '') AS detector_name,
       count(w.worker_id) AS n_workers,
       count(*) FILTER (WHERE w.detector <> '' AND w.lack = '') AS n_ready,
       count(*) FILTER (WHERE w.detector <> '' AND w.lack = ''
                        AND (j.detector = '' OR j.detector = ANY(w.detectors))) AS n_able
FROM job j LEFT JOIN model m ON m.sha256 = j.detector
LEFT JOIN fleet_worker w ON w.seen_at >= clock_timestamp() - make_interval(secs => :silent_s)
WHERE j.job_id = ANY(:jobs) GROUP BY j.job_id
""")


def read_able(connection: Connection, jobs: Sequence[int]) -> list[AbleFacts]:
    """Return how many workers could work on each of the jobs now."""
    if not jobs:
        return []
    values = {"jobs": list(jobs), "silent_s": SILENT_AFTER_S}
    return [AbleFacts(**row) for row in connection.execute(_ABLE, values).mappings()]
