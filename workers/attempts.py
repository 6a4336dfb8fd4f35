"""Ends attempts in the queue: well, badly, or as somebody asked, each exactly once."""

import errno
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

import ray
from ray.exceptions import RayError

from jobs.spec import AttemptEnd, ItemKind, ItemState
from jobs.work_queue import WorkQueue
from pipeline.errors import (
    DatabaseError,
    ObjectStoreError,
    SigningError,
    StaleClaimError,
    VerityError,
    WorkerLostError,
)
from pipeline.vocabulary import Failure
from storage.model_store import StoredModel
from workers.actors import Member, plain_errors
from workers.crew import Crew
from workers.fleet_events import FleetEventKind
from workers.held import POLL_S, Held, StopCause, StoppedWalk
from workers.kept_media import KeptMedia
from workers.other_detectors import OtherDetectors, require_loaded
from workers.ray_runtime import is_node_alive
from workers.roles import CrewSettings, Role
from workers.scorer import DetectorFacts
from workers.settings import FleetSettings
from workers.walks import OUTAGE_PAUSE_S, DeadActorError, Walks
from workers.writer import Ended, Failed

_log = logging.getLogger(__name__)
SHORTAGE_CODES = frozenset({"disk_full", "memory_short"})
MOST_DEAD_WRITERS = 3  # for one report of a failure; then it ends without
END_PATIENCE_S = 60.0  # for one try to write how an attempt ended
Tell: TypeAlias = Callable[[FleetEventKind, Held, str], None]
_KINDS = {
    ItemState.DONE: FleetEventKind.DONE,
    ItemState.FAILED: FleetEventKind.FAILED,
    ItemState.CANCELLED: FleetEventKind.CANCELLED,
    ItemState.READY: FleetEventKind.RETRYING,
    ItemState.DEFERRED: FleetEventKind.RETRYING,
}


_ROLES = {"score": Role.SCORER, "write": Role.WRITER, "list": Role.LISTER}  # of shared actors


class Attempts:
    """Walks items and ends their attempts; one call a thread."""

    def __init__(
        self,
        settings: FleetSettings,
        crew: Crew,
        queue: WorkQueue,
        tell: Tell,
        tell_shortage: Callable[[str], None],
        others: OtherDetectors,
    ) -> None:
        """Keep what all attempts share.

        Args:
            settings: of the fleet.
            crew: whose actors do the work.
            queue: where attempts end.
            tell: told how each attempt ended.
            tell_shortage: told what a machine was short of.
            others: detectors that items may ask for.
        """
        self._settings = settings
        self._crew = crew
        self._queue = queue
        self._tell = tell
        self._tell_shortage = tell_shortage
        self._others = others
        self._walks = Walks(settings, crew, queue)
        self._kept = KeptMedia(settings.temp_folder, settings.installation, settings.keep_bytes)

    def run(self, held: Held, preparer: Member | None) -> None:
        """Walk one item to the end of its attempt; named errors end it too.

        An item that was given up is not touched again: only its report is written.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was changed.
            Exception: a mistake of ours; the attempt has not ended.
        """
        held.keeper = preparer  # also of an item that has an actor of its own, which ends with it
        if held.claim.owed is None:
            self._try(held, preparer)
            return
        if preparer is not None:
            self._crew.give_back(preparer)
        self.fail(held, held.claim.owed, AttemptEnd.DRIVER_LOST)

    def _try(self, held: Held, preparer: Member | None) -> None:
        """Walk the item and end the attempt as the walk ended."""
        try:
            ended = self._walk(held, preparer)
        except StaleClaimError:
            raise
        except StoppedWalk as stopped:
            self._end_stopped(held, stopped.cause)
        except DeadActorError as death:
            self._end_dead(held, death.member)
        except VerityError as error:
            failure = Failure(error.code, error.message, held.stage, error.retryable)
            if error.code in SHORTAGE_CODES:
                self._tell_shortage(error.message)
            self.fail(held, failure, AttemptEnd.FAILED, error.retry_after_s)
        except (OSError, MemoryError) as error:
            shortage = _shortage(error, held)
            if shortage is None:
                raise
            self._tell_shortage(shortage.message)
            self.fail(held, shortage, AttemptEnd.OUTAGE)
        except RayError as error:
            _log.exception("ray failed", extra=held.ids)
            self._end_lost(held, f"The cluster failed: {_first_line(error)}.")
        else:
            self._tell_end(ended.state, held, ended.verdict)

    def fail_unexpectedly(self, held: Held) -> None:
        """End an attempt that met a mistake of ours, with a report that says so.

        Raises:
            StaleClaimError: a newer attempt owns the item.
        """
        with suppress(WorkerLostError):  # the crew remembers
            self._crew.check()
        if self._crew.problem is not None:  # not the item's fault, nor ours: Ray is gone
            self._let_go(held, StopCause.GIVEN_BACK)
        else:
            self.fail(held, _unexpected(held), AttemptEnd.FAILED)

    def fail_barely(self, held: Held) -> None:
        """End an attempt for which not even a report can be written.

        Raises:
            StaleClaimError: a newer attempt owns the item.
        """
        failure = _unexpected(held)
        state = self._queue.fail(held.claim, failure, AttemptEnd.FAILED)
        self._tell_end(state, held, failure.message)

    def fail(
        self,
        held: Held,
        failure: Failure,
        cause: AttemptEnd,
        retry_after_s: float | None = None,
    ) -> None:
        """Write how an attempt ended; keep trying while database, store or signing key are away.

        Raises:
            StaleClaimError: a newer attempt owns the item.
        """
        claim = held.claim
        held.cause, held.code = cause.value, failure.code
        retry = self._queue.decide_retry(claim, failure, cause, retry_after_s)
        held.moved("write")
        state: ItemState | None = None
        n_dead_writers = 0
        while state is None:
            try:
                if retry is not None or claim.kind is ItemKind.LIST:
                    state = self._queue.fail(claim, failure, cause, retry)
                else:
                    state = self._fail_with_report(held, failure, cause)
            except (DatabaseError, ObjectStoreError, SigningError):
                held.wait_out(OUTAGE_PAUSE_S)
            except RayError:  # the writer died, maybe of this report
                n_dead_writers += 1
                if n_dead_writers == MOST_DEAD_WRITERS:
                    raise
        self._tell_end(state, held, failure.message)

    def _tell_end(self, state: ItemState, held: Held, text: str) -> None:
        """Say how an attempt ended; after the last one nothing of the item stays on its node."""
        if state not in (ItemState.READY, ItemState.DEFERRED):
            self._forget_bytes(held)
        self._tell(_KINDS[state], held, text)

    def _forget_bytes(self, held: Held) -> None:
        """Let the node forget an item's bytes: there will be no other attempt."""
        if held.keeper is None:
            return
        if self._settings.ray_address:  # its node may be another one, or keep them elsewhere
            held.keeper.handle.forget.remote(held.claim)  # nobody waits; a dead one has nothing
        else:
            self._kept.forget(held.claim)

    def _fail_with_report(self, held: Held, failure: Failure, cause: AttemptEnd) -> ItemState:
        """Let the writer end an item for good, with a report that says what failed."""
        crew = self._crew
        detector: DetectorFacts | None
        detector, models = held.listens_with or (crew.detector, crew.models)
        if held.listens_with is None and self._others.asked_for(held, crew) is not None:
            detector, models = None, ()  # the one that was asked for was not loaded
        failed = Failed(held.claim, failure, cause, held.media, held.custody, detector, models)
        while (writer := crew.member(Role.WRITER)) is None:
            if crew.problem is not None:
                raise StoppedWalk(StopCause.GIVEN_BACK)
            held.wait_out(POLL_S)
        try:
            ending = writer.handle.fail.remote(failed)
            state: ItemState = plain_errors(lambda: ray.get(ending, timeout=END_PATIENCE_S))
        except RayError:  # it died or hangs
            crew.replace(writer)
            raise
        return state

    def _walk(self, held: Held, preparer: Member | None) -> Ended:
        """Walk an item; one that ended a process twice, or asks for a detector, has its own actors."""
        if preparer is None:
            return self._walks.walk_listing(held)
        other = self._others.asked_for(held, self._crew)
        if other is None and not held.claim.tries.is_alone:
            return self._walks.walk_media(held, preparer)
        self._crew.give_back(preparer)
        if other is None:
            return self._walk_alone(held, None)
        with self._others.turn(held):
            return self._walk_alone(held, other)

    def _walk_alone(self, held: Held, other: StoredModel | None) -> Ended:
        """Walk an item with actors that are there for it alone.

        Raises:
            ModelError: the detector that it asks for cannot be used.
        """
        settings = self._settings
        if other is not None:
            settings = settings.model_copy(update={"detector": str(other.path)})
        alone = CrewSettings(
            settings,
            1,
            0,
            name=f"alone {held.claim.item_id} ",
            with_lister=False,
            reserves_cores=False,
        )
        with Crew(alone) as crew:
            crew.wait_until_ready(held.check)
            if other is not None:
                require_loaded(crew, other)
            held.listens_with = crew.detector, crew.models
            [own] = crew.borrow(1)
            return Walks(settings, crew, self._queue).walk_media(held, own)

    def _end_stopped(self, held: Held, cause: StopCause) -> None:
        """End an attempt that was asked to end."""
        if cause is StopCause.LOST:
            raise StaleClaimError(f"Another attempt owns item {held.claim.item_id}.")
        if cause is StopCause.STALLED:
            self._end_stalled(held)
            return
        self._let_go(held, cause)

    def _let_go(self, held: Held, cause: StopCause) -> None:
        """Give an item back, or end it as cancelled."""
        try:
            if cause is StopCause.CANCELLED:
                failure = Failure("cancelled", "The job was cancelled.", held.stage)
                state = self._queue.fail(held.claim, failure, AttemptEnd.CANCELLED)
            else:
                state = self._queue.release(held.claim)
        except DatabaseError:  # the lease runs out, and the queue sees to the rest
            self._tell(FleetEventKind.LOST, held, "")
            return
        is_over = state is ItemState.CANCELLED
        if is_over:
            self._forget_bytes(held)
        self._tell(FleetEventKind.CANCELLED if is_over else FleetEventKind.GIVEN_BACK, held, "")

    def _end_stalled(self, held: Held) -> None:
        """End the shared actor that the item waits for; its walk has seen to the preparer."""
        stage, deadline_s = held.stage, self._settings.deadlines.of(held.stage)
        role = _ROLES.get(stage)
        member = None if role is None else held.shared.get(role)
        if member is not None:
            self._crew.replace(member)
        message = f"There was no progress in stage {stage} for {deadline_s:.0f} s."
        self.fail(held, Failure("stalled", message, stage, retryable=True), AttemptEnd.STALLED)

    def _end_dead(self, held: Held, member: Member) -> None:
        """Replace an actor that died, and end the attempt as it deserves."""
        _log.warning("actor died", extra={"lane": member.lane, **held.ids})
        try:
            is_crash = is_node_alive(member.where.node_id)
        except WorkerLostError:
            is_crash = False
        self._crew.replace(member)
        if not is_crash:
            self._crew.leave_node(member.where.node_id)
            self._end_lost(held, "The machine that worked on the item was lost.")
            return
        message = f"The process that worked on the item died in stage {held.stage}."
        failure = Failure("worker_crashed", message, held.stage, retryable=True)
        self.fail(held, failure, AttemptEnd.CRASHED_IN_STAGE)

    def _end_lost(self, held: Held, message: str) -> None:
        """End an attempt whose machine is gone; where that is ours, only give the item back."""
        try:
            self._crew.check()
        except WorkerLostError:
            self._let_go(held, StopCause.GIVEN_BACK)
            return
        failure = Failure("worker_lost", message, held.stage, retryable=True)
        self.fail(held, failure, AttemptEnd.NODE_LOST)


def _shortage(error: OSError | MemoryError, held: Held) -> Failure | None:
    """Return what is said where a machine is short of something; None: it is another error."""
    if isinstance(error, MemoryError):
        message = "The machine is short of memory; the item is tried again later."
        return Failure("memory_short", message, held.stage, retryable=True)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = "The machine's disk is full; the item is tried again later."
        return Failure("disk_full", message, held.stage, retryable=True)
    return None


def _unexpected(held: Held) -> Failure:
    return Failure(
        "internal_error",
        "An unexpected error ended the analysis of this item: our mistake, not the item's. The"
        " worker's log says more; please report it.",
        held.stage,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
