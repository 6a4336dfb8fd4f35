"""The fleet loop: claims items, walks them over the actors, ends every attempt in the queue.

The one place that catches `Exception`: whatever goes wrong with one item, the next one goes on.
"""

import logging
import os
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import ray
from pydantic import SecretStr
from ray.exceptions import RayError

from jobs.spec import AttemptEnd, ItemClaim, ItemKind, ItemState
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError, ObjectStoreError, StaleClaimError, VerityError
from pipeline.vocabulary import Failure
from storage.database import open_engine
from workers.crew import Crew, CrewSettings, Member, plain_errors
from workers.fleet_events import FleetEvent, FleetEventKind, FleetSummary, OnFleetEvent
from workers.fleet_trace import FleetTrace
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
from workers.held import Held, StopCause, StoppedWalk
from workers.ray_runtime import is_node_alive, open_ray
from workers.settings import FleetSettings
from workers.walks import OUTAGE_PAUSE_S, DeadActorError, Walks
from workers.writer import Ended, Failed

_log = logging.getLogger(__name__)
TICK_S = 1.0  # between snapshots to the heartbeat, and looks at the scorer's notes
END_PATIENCE_S = 60.0  # for one try to write how an attempt ended
LONGEST_OUTAGE_PAUSE_S = 5.0  # between looks at a database that is away
PAGE_JOBS = 200
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
) -> FleetSummary:
    """Work on the queue until `stop` is set or, if asked, until there is nothing left to do.

    Call it in a thread that lives as long: Ray's servers and the heartbeat end with it.

    Args:
        settings: of this worker.
        until_idle: return when no job has anything left to do.
        stop: finish within the grace period what is held, or give it back.
        on_event: told what happens, from several threads.

    Raises:
        ConfigError: the settings do not work here.
        ModelError: a model cannot be used.
        DatabaseError: the database does not answer at the start.
        WorkerLostError: an actor that died cannot be replaced.
    """
    engine = open_engine(settings.storage)
    url = engine.url.render_as_string(hide_password=False)
    storage = settings.storage.model_copy(update={"database_url": SecretStr(url)})
    settings = settings.model_copy(update={"storage": storage})
    queue = WorkQueue(engine, settings.lease_s)
    try:
        with ExitStack() as stack:
            trace = stack.enter_context(FleetTrace(settings.trace_path))
            runtime = stack.enter_context(open_ray(settings))
            crew_settings = CrewSettings(settings, settings.n_preparers, runtime.n_gpus)
            crew = stack.enter_context(Crew(crew_settings))
            fleet = _Fleet(settings, queue, crew, trace, on_event)
            stack.enter_context(fleet.link)
            on_event(FleetEvent(FleetEventKind.READY))
            summary = fleet.run(stop, until_idle=until_idle)
            if crew.problem is not None:
                raise crew.problem
            return summary
    finally:
        queue.close()
        engine.dispose()


class _Fleet:
    """One worker's loop and what it holds."""

    def __init__(
        self,
        settings: FleetSettings,
        queue: WorkQueue,
        crew: Crew,
        trace: FleetTrace,
        on_event: OnFleetEvent,
    ) -> None:
        database_url = settings.storage.database_url
        assert database_url is not None, "run_fleet has opened the database"
        self._settings = settings
        self._queue = queue
        self._crew = crew
        self._trace = trace
        self._on_event = on_event
        self._walks = Walks(settings, crew, queue)
        self._worker_id = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"
        self._guard = threading.Lock()
        self._held: dict[str, Held] = {}
        self._freed = threading.Event()
        self._counts: Counter[FleetEventKind] = Counter()
        self._n_listed = 0
        self._notes: Any = None  # reference to the scorer's notes
        orders = Orders(
            database_url.get_secret_value(),
            settings.lease_s,
            settings.beat_s,
            driver_silence_s=2 * settings.lease_s,
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
                self._record_batches()
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
        self._record_batches()
        return self._summary(is_idle=is_idle)

    # claiming

    def _claim(self, threads: ThreadPoolExecutor) -> int:
        """Claim what there is room for and start its walks; return how many items."""
        with self._guard:
            n_lists = sum(held.claim.kind is ItemKind.LIST for held in self._held.values())
            n_media = len(self._held) - n_lists
        room = self._settings.n_listings - n_lists
        listings = self._queue.claim(self._worker_id, room, ItemKind.LIST) if room > 0 else []
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
                claims = self._queue.claim(self._worker_id, len(preparers), ItemKind.MEDIA)
        finally:
            for preparer in preparers[len(claims) :]:
                self._crew.give_back(preparer)
        for claim, preparer in zip(claims, preparers, strict=False):
            self._start(threads, claim, preparer)
        return len(claims)

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
        if self._crew_is_busy():
            self._freed.wait(min(self._settings.poll_s, TICK_S))
            self._freed.clear()
        else:
            self._queue.wait_for_work(min(self._settings.poll_s, TICK_S), stop)

    def _crew_is_busy(self) -> bool:
        preparers = self._crew.borrow(1)
        for preparer in preparers:
            self._crew.give_back(preparer)
        return not preparers

    def _has_open_work(self) -> bool:
        """Tell whether a job has something to do, now or later, here or elsewhere."""
        before: str | None = None
        while page := self._queue.list_jobs(most=PAGE_JOBS, before=before):
            if any(not job.is_over and not job.is_paused for job in page):
                return True
            before = page[-1].job_id
        return False

    def _wait_for_database(self, stop: threading.Event, error: DatabaseError) -> None:
        """Sleep until the database answers again; say so once."""
        self._on_event(FleetEvent(FleetEventKind.OUTAGE, text=error.message))
        pause_s = self._settings.poll_s
        while not stop.wait(pause_s):
            pause_s = min(pause_s * 2, LONGEST_OUTAGE_PAUSE_S)
            self.link.check()
            with suppress(DatabaseError):
                self._queue.list_jobs(most=1)
                self._on_event(FleetEvent(FleetEventKind.BACK))
                return

    # one item, in a thread of its own

    def _run_item(self, held: Held, preparer: Member | None) -> None:
        """Walk one item to the end of its attempt."""
        try:
            self._end_attempt(held, preparer)
        except Exception:  # the queue takes the item back when its lease is over
            _log.exception("attempt not ended", extra=_ids(held))
            self._count(FleetEventKind.LOST, held)
        finally:
            self.link.drop(held.claim)
            with self._guard:
                del self._held[held.claim.item_id]
            self._freed.set()

    def _end_attempt(self, held: Held, preparer: Member | None) -> None:
        stage_of_failure = AttemptEnd.FAILED
        retry_after_s: float | None = None
        try:
            self._tell_end(held, self._walk(held, preparer))
            return
        except StaleClaimError:
            self._count(FleetEventKind.LOST, held)
            return
        except StoppedWalk as stopped:
            self._end_stopped(held, stopped.cause)
            return
        except DeadActorError as death:
            stage_of_failure, failure = self._bury(held, death)
        except VerityError as error:
            failure = Failure(error.code, error.message, held.stage, error.retryable)
            retry_after_s = error.retry_after_s
        except RayError as error:
            _log.exception("ray failed", extra=_ids(held))
            stage_of_failure = AttemptEnd.NODE_LOST
            failure = Failure("worker_lost", _first_line(error), held.stage, retryable=True)
        except Exception:
            _log.exception("item failed unexpectedly", extra=_ids(held))
            failure = _unexpected(held)
        self._fail(held, failure, stage_of_failure, retry_after_s)

    def _walk(self, held: Held, preparer: Member | None) -> Ended:
        """Walk an item; one that ended a process twice walks with actors of its own."""
        if preparer is None:
            return self._walks.walk_listing(held)
        if not held.claim.tries.is_alone:
            return self._walks.walk_media(held, preparer)
        self._crew.give_back(preparer)
        alone = CrewSettings(self._settings, 1, 0, name=f"alone {held.claim.item_id} ")
        with Crew(alone) as crew:
            [own] = crew.borrow(1)
            return Walks(self._settings, crew, self._queue).walk_media(held, own)

    def _end_stopped(self, held: Held, cause: StopCause) -> None:
        """End an attempt that was asked to end."""
        if cause is StopCause.LOST:
            self._count(FleetEventKind.LOST, held)
        elif cause is StopCause.GIVEN_BACK:
            state = self._queue.release(held.claim)
            is_cancelled = state is ItemState.CANCELLED
            self._count(
                FleetEventKind.CANCELLED if is_cancelled else FleetEventKind.GIVEN_BACK, held
            )
        elif cause is StopCause.CANCELLED:
            failure = Failure("cancelled", "The job was cancelled.", held.stage)
            self._queue.fail(held.claim, failure, AttemptEnd.CANCELLED)
            self._count(FleetEventKind.CANCELLED, held)
        else:
            self._replace_stalled(held)
            failure = Failure(
                "stalled",
                f"There was no progress in stage {held.stage} for"
                f" {self._settings.deadlines.of(held.stage):.0f} s.",
                held.stage,
                retryable=True,
            )
            self._fail(held, failure, AttemptEnd.STALLED, None)

    def _replace_stalled(self, held: Held) -> None:
        """End the shared actor that an item waited for; its walk has seen to the preparer."""
        if held.stage == "score":
            self._crew.replace(self._crew.scorer)
        elif held.stage == "write":
            self._crew.replace(self._crew.writer)
        elif held.stage == "list":
            self._crew.replace(self._crew.lister())

    def _bury(self, held: Held, death: DeadActorError) -> tuple[AttemptEnd, Failure]:
        """Replace an actor that died, and say whose fault that was."""
        member = death.member
        _log.warning("actor died", extra={"lane": member.lane, **_ids(held)})
        is_crash = is_node_alive(member.where.node_id)
        self._crew.replace(member)
        if is_crash:
            message = f"The process that worked on the item died in stage {held.stage}."
            failure = Failure("worker_crashed", message, held.stage, retryable=True)
            return AttemptEnd.CRASHED_IN_STAGE, failure
        message = "The machine that worked on the item was lost."
        return AttemptEnd.NODE_LOST, Failure("worker_lost", message, held.stage, retryable=True)

    def _fail(
        self, held: Held, failure: Failure, cause: AttemptEnd, retry_after_s: float | None
    ) -> None:
        """Write how an attempt ended; keep trying while database or object store are away."""
        crew = self._crew
        failed = Failed(
            held.claim,
            failure,
            cause,
            held.media,
            held.custody,
            crew.detector,
            crew.models,
            retry_after_s,
        )
        with_report = True
        while True:
            try:
                held.moved("write")
                self._tell_end(held, self._write_failure(failed, with_report), failure)
                return
            except StaleClaimError:
                self._count(FleetEventKind.LOST, held)
                return
            except (DatabaseError, ObjectStoreError):
                held.wait_out(OUTAGE_PAUSE_S)
            except Exception:
                if not with_report:
                    raise
                _log.exception("no report of a failed item", extra=_ids(held))
                with_report = False

    def _write_failure(self, failed: Failed, with_report: bool) -> Ended:
        writer = self._crew.writer
        ending = writer.handle.fail.remote(failed, with_report)
        try:
            ended: Ended = plain_errors(lambda: ray.get(ending, timeout=END_PATIENCE_S))
        except RayError:  # it died or hangs: the next try has a new one
            self._crew.replace(writer)
            raise
        return ended

    # telling

    def _tell_end(self, held: Held, ended: Ended, failure: Failure | None = None) -> None:
        if ended.state is ItemState.DONE:
            if held.claim.kind is ItemKind.LIST:
                self._n_listed += 1
            self._count(FleetEventKind.DONE, held, ended.verdict)
        elif ended.state is ItemState.FAILED:
            self._count(FleetEventKind.FAILED, held, failure.message if failure else "")
        elif ended.state is ItemState.CANCELLED:
            self._count(FleetEventKind.CANCELLED, held)
        else:
            self._count(FleetEventKind.RETRYING, held, failure.message if failure else "")

    def _count(self, kind: FleetEventKind, held: Held, text: str = "") -> None:
        with self._guard:
            self._counts[kind] += 1
        self._on_event(FleetEvent(kind, held.claim, held.stage, text))

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
        """Put the scorer's notes into the trace."""
        if self._notes is not None and ray.wait([self._notes], timeout=0)[0]:
            with suppress(RayError):  # the scorer died: its notes are gone
                lane = self._crew.scorer.lane
                for note in ray.get(self._notes):
                    facts = {"n_items": len(note.rows), "n_rows": sum(note.rows.values())}
                    self._trace.span(
                        lane,
                        "score_batch",
                        note.started_at,
                        note.ended_at,
                        {**facts, "rows": note.rows},
                    )
            self._notes = None
        if self._notes is None:
            self._notes = self._crew.scorer.handle.take_notes.remote()

    # leaving

    def _leave(self) -> None:
        """Let what is held finish within the grace period, then give the rest back."""
        if not self._held:
            return
        self._on_event(FleetEvent(FleetEventKind.LEAVING))
        self._wait_until_empty(self._settings.grace_s)
        with self._guard:
            left = list(self._held.values())
        for held in left:
            held.stop(StopCause.GIVEN_BACK)
        self._wait_until_empty(self._settings.cancel_grace_s + END_PATIENCE_S)

    def _wait_until_empty(self, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        while self._held and time.monotonic() < until:
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


def _ids(held: Held) -> dict[str, object]:
    claim = held.claim
    return {
        "job_id": claim.job_id,
        "item_id": claim.item_id,
        "attempt": claim.attempt,
        "stage": held.stage,
    }


def _unexpected(held: Held) -> Failure:
    return Failure(
        "internal_error",
        "An unexpected error ended the analysis of this item: our mistake, not the item's. The"
        " worker's log says more; please report it.",
        held.stage,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
