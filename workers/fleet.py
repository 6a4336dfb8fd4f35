"""One worker: opens all that its loop needs, in order, and lets go of it again."""

import threading
from contextlib import ExitStack

from pydantic import SecretStr

from jobs.retention import KeepRule
from jobs.work_queue import WorkQueue
from storage.database import open_engine
from storage.embedding_rows import SearchLimits
from storage.kept_objects import check_kept
from storage.objects import open_object_store
from workers.crew import Crew
from workers.fleet_events import FleetEvent, FleetSummary, OnFleetEvent
from workers.fleet_loop import FleetLoop
from workers.fleet_trace import FleetTrace
from workers.housekeeper import Housekeeper
from workers.kept_media import KeptMedia
from workers.metrics import FleetMetrics, serve_metrics
from workers.orphan_sweep import OrphanSweep
from workers.ray_runtime import open_ray
from workers.retention import Retention
from workers.roles import CrewSettings
from workers.roster import Roster
from workers.running_workers import worker_lock
from workers.scorer_notes import ScorerNotes
from workers.settings import FleetSettings
from workers.temp_folders import sweep

KEPT_CONNECTIONS = 4  # walks end side by side; connecting anew costs as much as a finish


def run_fleet(
    settings: FleetSettings,
    until_idle: bool,
    stop: threading.Event,
    on_event: OnFleetEvent = lambda _: None,
    hurry: threading.Event | None = None,
) -> FleetSummary:
    """Work on the queue until `stop` is set or, if asked, until there is nothing left to do.

    Call it in a thread that lives as long: Ray's servers and the heartbeat end with it.

    Args:
        settings: of this worker.
        until_idle: return when no job has anything left to do.
        stop: finish within the grace period what is held, or give it back.
        on_event: told what happens, from several threads.
        hurry: with `stop`: give back at once what is held.

    Raises:
        ConfigError: the settings do not work here; so a bucket that is not there.
        ModelError: a model cannot be used.
        AccessError: the object store refuses us.
        DatabaseError, ObjectStoreError: a service does not answer at the start.
        WorkerLostError: Ray died, or an actor that is needed does not start again and again.
    """
    with worker_lock(settings.storage):  # before anything that `stop_workers` must see end
        return _run_fleet(settings, until_idle, stop, on_event, hurry or threading.Event())


def _run_fleet(
    settings: FleetSettings,
    until_idle: bool,
    stop: threading.Event,
    on_event: OnFleetEvent,
    hurry: threading.Event,
) -> FleetSummary:
    store = open_object_store(settings.storage)
    engine = open_engine(settings.storage, KEPT_CONNECTIONS)
    url = engine.url.render_as_string(hide_password=False)
    storage = settings.storage.model_copy(update={"database_url": SecretStr(url)})
    settings = settings.model_copy(update={"storage": storage})
    queue = WorkQueue(
        engine, settings.lease_s, rules=settings.claim_rules, may_listen=settings.listen
    )
    try:
        check_kept(engine, store)
        with ExitStack() as stack:
            trace = stack.enter_context(FleetTrace(settings.trace_path))
            runtime = stack.enter_context(open_ray(settings))
            stack.callback(sweep, settings.temp_folder)  # what killed actors left on this node
            kept = KeptMedia(settings.temp_folder, settings.installation, settings.keep_bytes)
            stack.callback(kept.sweep, 0.0)  # another worker's too: it fetches again
            metrics = FleetMetrics()
            stack.enter_context(serve_metrics(metrics, engine, settings.metrics))
            freed = threading.Event()
            crew_settings = CrewSettings(settings, settings.n_preparers, runtime.n_gpus)
            crew = stack.enter_context(Crew(crew_settings, on_change=freed.set))
            fleet = FleetLoop(
                settings, queue, crew, trace, _both(metrics.on_event, on_event), freed
            )
            fleet.notes, fleet.hurry = ScorerNotes(crew, trace, metrics.on_batch), hurry
            stack.enter_context(fleet.link)
            kept_vectors = SearchLimits(
                settings.storage.search_segments, settings.storage.search_items
            )
            stack.enter_context(OrphanSweep(engine, store, search=kept_vectors))
            evidence = settings.storage.evidence
            rule = KeepRule(evidence.keep_media_days, evidence.keep_report_days)
            stack.enter_context(Retention(engine, rule))
            stack.enter_context(Housekeeper(engine, settings.jobs, settings.storage))
            stack.enter_context(Roster(engine, fleet.worker_id, crew, fleet.detectors))
            summary = fleet.run(stop, until_idle=until_idle)
            if crew.problem is not None:
                raise crew.problem
            return summary
    finally:
        queue.close()
        engine.dispose()


def _both(first: OnFleetEvent, second: OnFleetEvent) -> OnFleetEvent:
    def tell(event: FleetEvent) -> None:
        first(event)
        second(event)

    return tell
