"""The whole fleet at a glance: what waits by class, what runs where, what comes again later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from storage import failure_rows, fleet_rows, sweep_rows, worker_rows
from storage.database import transaction
from storage.failure_rows import StageFacts
from storage.fleet_rows import ClassDepth, RunningFacts
from storage.worker_rows import WorkerFacts

MOST_RUNNING = 5000  # a fleet's held items; a view need not show more
MOST_TIMED = 1000  # newest analyses whose stage times are looked at


@dataclass(frozen=True, slots=True)
class FleetView:
    """One moment of the fleet, all of it from one snapshot."""

    depths: tuple[ClassDepth, ...]  # classes with open jobs
    running: tuple[RunningFacts, ...]  # oldest claims first
    n_deferred: int  # wait for their next try; all accounts


def look_at_fleet(engine: Engine) -> FleetView:
    """Return what the fleet has before it and in its hands.

    Raises:
        DatabaseError: the database does not answer.
    """
    with transaction(engine) as connection:
        return _view(connection)


@dataclass(frozen=True, slots=True)
class WholeFleet:
    """One moment of the fleet with its workers and how long stages take, for its operators."""

    view: FleetView
    deferred: Mapping[int, int]  # by class
    workers: tuple[WorkerFacts, ...]  # those that spoke within a day
    stages: tuple[StageFacts, ...]  # the longest first
    now: datetime  # by the database's clock


def look_at_whole_fleet(engine: Engine) -> WholeFleet:
    """Return what the fleet has before it and in its hands, who works, and how long that takes.

    Raises:
        DatabaseError: the database does not answer.
    """
    with transaction(engine) as connection:
        view = _view(connection)
        return WholeFleet(
            view,
            fleet_rows.count_deferred_by_class(connection),
            tuple(worker_rows.read_workers(connection)),
            tuple(failure_rows.read_stages(connection, MOST_TIMED)),
            sweep_rows.database_now(connection),
        )


def _view(connection: Connection) -> FleetView:
    return FleetView(
        tuple(fleet_rows.read_depths(connection)),
        tuple(fleet_rows.read_running(connection, MOST_RUNNING)),
        fleet_rows.count_deferred(connection),
    )
