"""The whole fleet at a glance: what waits by class, what runs where, what comes again later."""

from dataclasses import dataclass

from sqlalchemy import Engine

from storage import fleet_rows
from storage.database import transaction
from storage.fleet_rows import ClassDepth, RunningFacts

MOST_RUNNING = 5000  # a fleet's held items; a view need not show more


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
        return FleetView(
            tuple(fleet_rows.read_depths(connection)),
            tuple(fleet_rows.read_running(connection, MOST_RUNNING)),
            fleet_rows.count_deferred(connection),
        )
