"""The fleet loop: claims items, walks them over the actors, ends every attempt in the queue.

The one place that catches `Exception`: whatever goes wrong with one item, the next one goes on.
"""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import ray
from pydantic import SecretStr
from ray.exceptions import RayError

from jobs.retention import KeepRule
from jobs.spec import ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError, StaleClaimError, WorkerLostError
from storage.database import open_engine
from storage.embedding_rows import SearchLimits
from storage.kept_objects import check_kept
from storage.objects import open_object_store
from workers.actors import Member
from workers.attempts import END_PATIENCE_S, Attempts
from workers.crew import Crew
from workers.fleet_events import FleetEvent, FleetEventKind, FleetSummary, OnFleetEvent
from workers.fleet_trace import Fact, FleetTrace
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
from workers.held import Held, StopCause, StoppedWalk
from workers.housekeeper import Housekeeper
from workers.kept_media import KeptMedia
from workers.metrics import FleetMetrics, serve_metrics
from workers.orphan_sweep import OrphanSweep
from workers.other_detectors import OtherDetectors
from workers.ray_runtime import open_ray
from workers.retention import Retention
from workers.roles import CrewSettings, Role
from workers.roster import Roster
from workers.row_batching import BatchNote
from workers.running_workers import worker_lock
from workers.settings import FleetSettings
from workers.shortage import Shortage
from workers.temp_folders import sweep

_log = logging.getLogger(__name__)
TICK_S = 1.0  # between snapshots to the heartbeat, and looks at the scorer's notes
KEPT_CONNECTIONS = 4  # walks end side by side; connecting anew costs as much as a finish
CHECK_RAY_S = 5.0  # at most, between looks
LAST_NOTES_S = 3.0  # at the end, for the scorer to answer
LONGEST_OUTAGE_PAUSE_S = 5.0  # between looks at a database that is away
_STOPS = {
    EventKind.LOST: StopCause.LOST,
    EventKind.CANCELLED: StopCause.CANCELLED,
    EventKind.PAUSED: StopCause.GIVEN_BACK,
    EventKind.STALLED: StopCause.STALLED,
}


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
            fleet = _Fleet(settings, queue, crew, trace, _both(metrics.on_event, on_event), freed)
            fleet.on_batch, fleet.hurry = metrics.on_batch, hurry
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


class _Fleet:
    """One worker's loop and what it holds."""

    def __init__(
        self,
        settings: FleetSettings,
        queue: WorkQueue,
        crew: Crew,
        trace: FleetTrace,
        on_event: OnFleetEvent,
        freed: threading.Event,
    ) -> None:
        database_url = settings.storage.database_url
        assert database_url is not None, "run_fleet has opened the database"
        self._settings = settings
        self._queue = queue
        self._crew = crew
        self._trace = trace
        self._on_event = on_event
        self._shortage = Shortage(settings.temp_folder, settings.free_memory_bytes)
        self._is_short = False
        self._is_told_ready = False
        self.detectors = OtherDetectors(settings)
        self._attempts = Attempts(
            settings, crew, queue, self._count, self._shortage.tell, self.detectors
        )
        self.worker_id = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"
        self._guard = threading.Lock()
        self._held: dict[str, Held] = {}
        self._freed = freed  # set when an actor, or room for an item, has become free
        self._counts: Counter[FleetEventKind] = Counter()
        self._n_listed = 0
        self._checked_at = self._noted_at = time.monotonic()
        self._lists_from = 0.0  # when listings are looked for again: most claims are of media
        self._notes: dict[Member, Any] = {}  # references to the scorers' notes
        self.hurry = threading.Event()
        self.on_batch: Callable[[BatchNote], None] = lambda _: None
        orders = Orders(
            database_url.get_secret_value(),
            settings.lease_s,
            settings.beat_s,
            driver_silence_s=2 * settings.lease_s,
            host_rate=settings.host_rate,
            host_burst=settings.host_burst,
        )
        self.link = HeartbeatLink(
            LinkSettings(
                orders, min(TICK_S, settings.beat_s), 4 * settings.lease_s, settings.environ
            ),
            self._on_heartbeat,
        )

    def run(self, stop: threading.Event, *, until_idle: bool) -> FleetSummary:
        """Claim and walk until told to end; leave nothing held."""
        settings = self._settings
        n_threads = settings.n_preparers + settings.n_ahead + settings.n_listings
        is_idle = False
        with ThreadPoolExecutor(n_threads, thread_name_prefix="walk") as threads:
            while not stop.is_set() and self._crew.problem is None:
                self.link.check()
                self._check_ray()
                self._record_batches()
                if self._lacks_something() or not self._is_ready():
                    self._wait(stop)
                    continue
                try:
                    if self._claim(threads):
                        continue
                    is_idle = until_idle and not self._held and not self._has_open_work()
                except DatabaseError as error:
                    self._wait_for_database(stop, error)
                    continue
                if is_idle:
                    break
                self._wait(stop)
            self._leave()
        for _ in range(2):  # the notes that were asked for, and those since then
            self._ask_for_notes(LAST_NOTES_S)
        return self._summary(is_idle=is_idle)

    def _check_ray(self) -> None:
        """Look now and then whether Ray lives; without it this worker ends."""
        if time.monotonic() - self._checked_at < min(CHECK_RAY_S, self._settings.beat_s):
            return
        self._checked_at = self._noted_at = time.monotonic()
        self._lists_from = 0.0  # when listings are looked for again: most claims are of media
        with suppress(WorkerLostError):  # the crew remembers
            self._crew.look_after()

    def _lacks_something(self) -> bool:
        """Tell whether nothing new may be begun; say so once, and once when that is over."""
        lack = self._shortage.now() or self._crew.lack()
        if bool(lack) != self._is_short:
            self._is_short = bool(lack)
            _log.warning("nothing new is begun: %s", lack) if lack else _log.info("goes on")
            kind = FleetEventKind.OUTAGE if lack else FleetEventKind.BACK
            self._on_event(FleetEvent(kind, text=lack))
        return bool(lack)

    def _is_ready(self) -> bool:
        """Tell whether there are enough actors to begin something; say so the first time."""
        is_ready = self._crew.is_ready
        if is_ready and not self._is_told_ready:
            self._is_told_ready = True
            self._on_event(FleetEvent(FleetEventKind.READY))
        return is_ready

    # claiming

    def _claim(self, threads: ThreadPoolExecutor) -> int:
        """Claim what there is room for and start its walks; return how many items."""
        with self._guard:
            n_lists = sum(held.claim.kind is ItemKind.LIST for held in self._held.values())
            n_media = len(self._held) - n_lists
        room = self._settings.n_listings - n_lists
        listings: list[ItemClaim] = []
        if room > 0 and time.monotonic() >= self._lists_from:
            listings = self._queue.claim(self.worker_id, room, ItemKind.LIST)
            self._lists_from = 0.0 if listings else time.monotonic() + TICK_S
        for claim in listings:
            self._start(threads, claim, None)
        return len(listings) + self._claim_media(threads, n_media)

    def _claim_media(self, threads: ThreadPoolExecutor, n_media: int) -> int:
        """Claim an item for each preparer that has nothing to do, within the limit ahead."""
        most = self._settings.n_preparers + self._settings.n_ahead - n_media
        preparers = self._crew.borrow(most) if most > 0 else []
        claims: list[ItemClaim] = []
        try:
            if preparers:
                claims = self._queue.claim(
                    self.worker_id, len(preparers), ItemKind.MEDIA, self.detectors.of(self._crew)
                )
        finally:
            for preparer in preparers[len(claims) :]:
                self._crew.give_back(preparer)
        for claim, preparer in zip(claims, preparers, strict=False):
            self._start(threads, claim, preparer)
        return len(claims)

    def _has_open_work(self) -> bool:
        return self._queue.desk.has_open_work(self.detectors.of(self._crew))

    def _start(
        self, threads: ThreadPoolExecutor, claim: ItemClaim, preparer: Member | None
    ) -> None:
        held = Held(claim, self.link, self._settings.deadlines, self._trace)
        with self._guard:
            self._held[claim.item_id] = held
        held.begin()
        self._on_event(FleetEvent(FleetEventKind.STARTED, claim))
        threads.submit(self._run_item, held, preparer)

    def _wait(self, stop: threading.Event) -> None:
        """Sleep until something may have changed."""
        if self._is_short or self._crew_is_busy():
            self._freed.wait(min(self._settings.poll_s, TICK_S))
            self._freed.clear()
        else:
            self._queue.wait_for_work(min(self._settings.poll_s, TICK_S), stop)
            self._lists_from = 0.0  # what came may be one

    def _crew_is_busy(self) -> bool:
        preparers = self._crew.borrow(1)
        for preparer in preparers:
            self._crew.give_back(preparer)
        return not preparers

    def _wait_for_database(self, stop: threading.Event, error: DatabaseError) -> None:
        """Sleep until the database answers again; say so once."""
        self._on_event(FleetEvent(FleetEventKind.OUTAGE, text=error.message))
        pause_s = self._settings.poll_s
        while not stop.wait(pause_s):
            pause_s = min(pause_s * 2, LONGEST_OUTAGE_PAUSE_S)
            self.link.check()
            with suppress(DatabaseError):
                self._queue.desk.list_jobs(most=1)
                self._on_event(FleetEvent(FleetEventKind.BACK))
                return

    # one item, in a thread of its own

    def _run_item(self, held: Held, preparer: Member | None) -> None:
        """Walk one item to the end of its attempt, whatever happens."""
        attempts = self._attempts
        endings = (
            lambda: attempts.run(held, preparer),
            lambda: attempts.fail_unexpectedly(held),
            lambda: attempts.fail_barely(held),
        )
        try:
            for end in endings:
                if self._has_ended(held, end):
                    return
            self._count(FleetEventKind.LOST, held)  # the lease will run out
        finally:
            self.link.drop(held.claim)
            with self._guard:
                del self._held[held.claim.item_id]
            self._freed.set()

    def _has_ended(self, held: Held, end: Callable[[], None]) -> bool:
        """Try to end an attempt; tell whether that is done with."""
        try:
            end()
        except (StaleClaimError, StoppedWalk):
            self._count(FleetEventKind.LOST, held)
        except Exception:  # noqa: BLE001 (STYLE.md §8: here and nowhere else)
            _log.exception("attempt not ended", extra=held.ids)
            return False
        return True

    # telling

    def _count(self, kind: FleetEventKind, held: Held, text: str = "") -> None:
        with self._guard:
            self._counts[kind] += 1
            if kind is FleetEventKind.DONE and held.claim.kind is ItemKind.LIST:
                self._n_listed += 1
        self._on_event(
            FleetEvent(
                kind,
                held.claim,
                held.stage,
                text,
                held.cause,
                held.code,
                dict(held.timings_s),
                held.duration_s,
            )
        )

    def _on_heartbeat(self, event: Event) -> None:
        """Pass on what the heartbeat says; called in its thread."""
        if event.kind is EventKind.OUTAGE:
            _log.warning("leases not renewed", extra={"reason": event.message})
            return
        with self._guard:
            held = self._held.get(event.item_id)
        if held is not None and held.claim.fence == event.fence and event.kind in _STOPS:
            held.stop(_STOPS[event.kind])

    def _record_batches(self) -> None:
        """Put the scorer's notes into the trace now and then: each look is a call of Ray's."""
        if time.monotonic() - self._noted_at >= TICK_S:
            self._noted_at = time.monotonic()
            self._ask_for_notes()

    def _ask_for_notes(self, wait_s: float = 0.0) -> None:
        """Record the notes that were asked for, and ask for the next ones."""
        asked, self._notes = self._notes, {}
        for scorer in self._crew.members(Role.SCORER):  # one that died took its notes along
            notes = asked.get(scorer)
            if notes is not None:
                if not ray.wait([notes], timeout=wait_s)[0]:
                    self._notes[scorer] = notes
                    continue
                with suppress(RayError):  # the scorer died: its notes are gone
                    for note in ray.get(notes):
                        self._record_batch(scorer.lane, note)
            self._notes[scorer] = scorer.handle.take_notes.remote()

    def _record_batch(self, lane: str, note: BatchNote) -> None:
        facts: dict[str, Fact] = {
            "n_items": len(note.rows),
            "n_rows": sum(note.rows.values()),
            "rows": note.rows,
        }
        self.on_batch(note)
        self._trace.span(lane, "score_batch", note.started_at, note.ended_at, facts)

    # leaving

    def _leave(self) -> None:
        """Let what is held finish within the grace period, then give the rest back."""
        if not self._held:
            return
        self._on_event(FleetEvent(FleetEventKind.LEAVING))
        if self._crew.problem is None:
            self._wait_until_empty(self._settings.grace_s, may_hurry=True)
        with self._guard:
            left = list(self._held.values())
        for held in left:
            held.stop(StopCause.GIVEN_BACK)
        self._wait_until_empty(self._settings.cancel_grace_s + END_PATIENCE_S)
        for held in left:
            held.abandon()

    def _wait_until_empty(self, wait_s: float, *, may_hurry: bool = False) -> None:
        until = time.monotonic() + wait_s
        while self._held and time.monotonic() < until:
            if may_hurry and self.hurry.is_set():
                return
            self.link.check()
            self._freed.wait(0.2)
            self._freed.clear()

    def _summary(self, *, is_idle: bool) -> FleetSummary:
        counts = self._counts
        return FleetSummary(
            n_done=counts[FleetEventKind.DONE] - self._n_listed,
            n_listed=self._n_listed,
            n_failed=counts[FleetEventKind.FAILED],
            n_retried=counts[FleetEventKind.RETRYING],
            n_cancelled=counts[FleetEventKind.CANCELLED],
            n_given_back=counts[FleetEventKind.GIVEN_BACK],
            n_lost=counts[FleetEventKind.LOST],
            is_idle=is_idle,
        )
