"""The fleet's loop: claims items, walks them over the actors, ends every attempt in the queue.

The one place that catches `Exception`: whatever goes wrong with one item, the next one goes on.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError, StaleClaimError, WorkerLostError
from workers.actors import Member
from workers.attempts import END_PATIENCE_S, Attempts
from workers.claiming import Claiming
from workers.crew import Crew
from workers.fleet_events import FleetEvent, FleetEventKind, FleetSummary, OnFleetEvent
from workers.fleet_trace import FleetTrace
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
from workers.held import Held, StopCause, StoppedWalk
from workers.held_items import HeldItems
from workers.other_detectors import OtherDetectors
from workers.scorer_notes import ScorerNotes
from workers.settings import FleetSettings
from workers.shortage import Shortage
from workers.tally import Tally

_log = logging.getLogger(__name__)
TICK_S = 1.0  # between snapshots to the heartbeat, and looks for work while there is none
CHECK_RAY_S = 5.0  # at most, between looks
LONGEST_OUTAGE_PAUSE_S = 5.0  # between looks at a database that is away
_STOPS = {
    EventKind.LOST: StopCause.LOST,
    EventKind.CANCELLED: StopCause.CANCELLED,
    EventKind.PAUSED: StopCause.GIVEN_BACK,
    EventKind.STALLED: StopCause.STALLED,
}


class FleetLoop:
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
        """Hold nothing yet.

        Args:
            settings: of this worker.
            queue: where it claims.
            crew: whose actors do the work.
            trace: of what they do.
            on_event: told what happens, from several threads.
            freed: set when an actor, or room for an item, has become free.
        """
        self._settings = settings
        self._queue = queue
        self._crew = crew
        self._trace = trace
        self._on_event = on_event
        self._shortage = Shortage(settings.temp_folder, settings.free_memory_bytes)
        self._is_short = False
        self._is_told_ready = False
        self.detectors = OtherDetectors(settings)
        self._tally = Tally(on_event)
        self._attempts = Attempts(
            settings, crew, queue, self._tally.count, self._shortage.tell, self.detectors
        )
        self.worker_id = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"
        self._freed = freed
        self._held = HeldItems(freed)
        self._claiming = Claiming(settings, queue, crew, self.detectors, self._held)
        self._checked_at = time.monotonic()
        self.hurry = threading.Event()
        self.notes = ScorerNotes(crew, trace)
        self.link = HeartbeatLink(_link_settings(settings), self._on_heartbeat)

    def run(self, stop: threading.Event, *, until_idle: bool) -> FleetSummary:
        """Claim and walk until told to end; leave nothing held."""
        settings = self._settings
        n_threads = settings.n_preparers + settings.n_ahead + settings.n_listings
        is_idle = False
        with ThreadPoolExecutor(n_threads, thread_name_prefix="walk") as threads:

            def start(claim: ItemClaim, preparer: Member | None) -> None:
                self._start(threads, claim, preparer)

            while not stop.is_set() and self._crew.problem is None:
                self.link.check()
                self._check_ray()
                self.notes.look()
                if self._lacks_something() or not self._is_ready():
                    self._wait(stop)
                    continue
                try:
                    if self._claiming.claim(self.worker_id, start):
                        continue
                    is_idle = until_idle and not self._held and not self._claiming.has_open_work()
                except DatabaseError as error:
                    self._wait_for_database(stop, error)
                    continue
                if is_idle:
                    break
                self._wait(stop)
            self._leave()
        self.notes.take_last()
        return self._tally.summary(is_idle=is_idle)

    def _check_ray(self) -> None:
        """Look now and then whether Ray lives; without it this worker ends."""
        if time.monotonic() - self._checked_at < min(CHECK_RAY_S, self._settings.beat_s):
            return
        self._checked_at = time.monotonic()
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

    def _start(
        self, threads: ThreadPoolExecutor, claim: ItemClaim, preparer: Member | None
    ) -> None:
        held = Held(claim, self.link, self._settings.deadlines, self._trace)
        self._held.add(held)
        held.begin()
        self._on_event(FleetEvent(FleetEventKind.STARTED, claim))
        threads.submit(self._run_item, held, preparer)

    def _wait(self, stop: threading.Event) -> None:
        """Sleep until something may have changed."""
        if self._is_short or self._claiming.is_full():
            self._freed.wait(min(self._settings.poll_s, TICK_S))
            self._freed.clear()
        elif self._queue.wait_for_work(min(self._settings.poll_s, TICK_S), stop):
            self._claiming.look_for_listings()

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
            self._tally.count(FleetEventKind.LOST, held)  # the lease will run out
        finally:
            self.link.drop(held.claim)
            self._held.remove(held)

    def _has_ended(self, held: Held, end: Callable[[], None]) -> bool:
        """Try to end an attempt; tell whether that is done with."""
        try:
            end()
        except (StaleClaimError, StoppedWalk):
            self._tally.count(FleetEventKind.LOST, held)
        except Exception:  # noqa: BLE001 (STYLE.md §8: here and nowhere else)
            _log.exception("attempt not ended", extra=held.ids)
            return False
        return True

    def _on_heartbeat(self, event: Event) -> None:
        """Pass on what the heartbeat says; called in its thread."""
        if event.kind is EventKind.OUTAGE:
            _log.warning("leases not renewed", extra={"reason": event.message})
            return
        held = self._held.named_by(event)
        if held is not None and event.kind in _STOPS:
            held.stop(_STOPS[event.kind])

    def _leave(self) -> None:
        """Let what is held finish within the grace period, then give the rest back."""
        if not self._held:
            return
        self._on_event(FleetEvent(FleetEventKind.LEAVING))
        if self._crew.problem is None:
            self._held.wait_until_none(self._settings.grace_s, self.link.check, self.hurry)
        left = self._held.stop_all(StopCause.GIVEN_BACK)
        self._held.wait_until_none(self._settings.cancel_grace_s + END_PATIENCE_S, self.link.check)
        for held in left:
            held.abandon()


def _link_settings(settings: FleetSettings) -> LinkSettings:
    """Return what the heartbeat is told, and how patient the driver is with it."""
    database_url = settings.storage.database_url
    assert database_url is not None, "run_fleet has opened the database"
    orders = Orders(
        database_url.get_secret_value(),
        settings.lease_s,
        settings.beat_s,
        driver_silence_s=2 * settings.lease_s,
        host_rate=settings.host_rate,
        host_burst=settings.host_burst,
    )
    tick_s = min(TICK_S, settings.beat_s)
    return LinkSettings(orders, tick_s, 4 * settings.lease_s, settings.environ)
