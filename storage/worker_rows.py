"""Fleet workers that are there, in SQL: each says so now and then, and is forgotten when it is silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from storage.fleet_tables import FleetWorkerRow
from storage.stored_text import storable
from storage.tables import NOW

FORGOTTEN_AFTER_S = 86_400.0  # of silence: until then people can see which worker went


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """A worker, as it said last."""

    worker_id: str
    host: str
    version: str
    detector: str
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


def say_here(connection: Connection, worker: WorkerWords) -> None:
    """Write what a worker says, over what it said before; forget those that are long silent."""
    values: dict[str, Any] = {
        "host": storable(worker.host),
        "version": worker.version,
        "detector": storable(worker.detector),
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
