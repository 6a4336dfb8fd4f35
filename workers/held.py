"""One item that this worker holds: where it is, and why it should stop."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import ray
from ray.exceptions import GetTimeoutError

from jobs.provisional import to_text
from jobs.spec import ItemClaim, ItemKind
from pipeline.vocabulary import Custody, MediaFile, ModelUse
from workers.actors import Member
from workers.fleet_trace import Fact, FleetTrace
from workers.heartbeat_link import HeartbeatLink
from workers.scorer import DetectorFacts
from workers.settings import StageDeadlines
from workers.sketch import Sketch
from workers.walk_values import PreparedHead, StageSpan

POLL_S = 0.5  # how late a stop is noticed while an actor works; each look is a call of Ray's


class StopCause(StrEnum):
    """Why a walk should end before its item is done."""

    LOST = "lost"  # another attempt owns the item: change nothing
    CANCELLED = "cancelled"  # somebody stopped the job
    GIVEN_BACK = "given_back"  # the job is paused, or this worker ends
    STALLED = "stalled"  # no progress within the stage's deadline


class StoppedWalk(Exception):  # noqa: N818 (no error: somebody asked for it)
    """The walk was asked to end."""

    def __init__(self, cause: StopCause) -> None:
        """Keep the cause."""
        super().__init__(cause)
        self.cause = cause


@dataclass(slots=True)
class Held:
    """One claim on its way; written by its walk, stopped by the heartbeat and the fleet."""

    claim: ItemClaim
    link: HeartbeatLink
    deadlines: StageDeadlines
    trace: FleetTrace
    stage: str = ""
    media: MediaFile | None = None
    custody: Custody | None = None
    timings_s: dict[str, float] = field(default_factory=dict)
    keeper: Member | None = None  # whose node may keep the item's bytes for another attempt
    shared: dict[str, Member] = field(default_factory=dict)  # role -> whom it last asked
    # of actors that are there for this item alone; None: it has none, or they are not ready
    listens_with: tuple[DetectorFacts, tuple[ModelUse, ...]] | None = None
    cause: str = ""  # how the attempt ends badly, for whoever watches
    code: str = ""
    _stop: StopCause | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _lost: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> dict[str, object]:
        """Return what a log line says of the item."""
        claim = self.claim
        return {
            "job_id": claim.job_id,
            "item_id": claim.item_id,
            "attempt": claim.attempt,
            "stage": self.stage,
        }

    @property
    def duration_s(self) -> float:
        """Return the length of the sound, as far as it was decoded."""
        return 0.0 if self.media is None else self.media.duration_s

    def begin(self) -> None:
        """Let the heartbeat renew the lease from now on."""
        self.stage = "list" if self.claim.kind is ItemKind.LIST else "fetch"
        self.link.hold(self.claim, self.stage, self.deadlines.of(self.stage))

    def stop(self, cause: StopCause) -> None:
        """Ask the walk to end; the first cause counts, but a lost claim overrides all."""
        if self._stop is None or cause is StopCause.LOST:
            self._stop = cause
        self._stopped.set()
        if cause is StopCause.LOST:
            self._lost.set()

    def abandon(self) -> None:
        """End waiting for a service that is away: the worker ends, the lease will run out."""
        self._lost.set()

    def check(self) -> None:
        """Raise StoppedWalk if somebody asked for it."""
        if self._stop is not None:
            raise StoppedWalk(self._stop)

    def moved(self, stage: str, progress: float = 0.0, cursor: str | None = None) -> None:
        """Tell the heartbeat that the item made progress."""
        self.stage = stage
        self.link.note(self.claim, stage, self.deadlines.of(stage), progress, cursor)

    def show(self, sketch: Sketch) -> None:
        """Let people see what was scored so far; it is not a result."""
        self.link.show(self.claim, to_text(sketch.shown(self.duration_s)))

    def take(self, head: PreparedHead, lane: str) -> None:
        """Take in what a preparer said."""
        self.media = head.media or self.media
        self.custody = head.custody or self.custody
        self.moved(head.stage, head.progress)
        for span in head.spans:
            self.ran(lane, span)

    def ran(self, lane: str, span: StageSpan) -> None:
        """Record a stage that ended."""
        self.spent(span.stage, span.ended_at - span.started_at)
        facts: dict[str, Fact] = {"item_id": self.claim.item_id, "attempt": self.claim.attempt}
        self.trace.span(lane, span.stage, span.started_at, span.ended_at, facts)

    def spent(self, stage: str, seconds: float) -> None:
        """Add to the time that a stage took."""
        self.timings_s[stage] = self.timings_s.get(stage, 0.0) + seconds

    def wait(self, steps: Any) -> None:  # noqa: ANN401 (a stream of an actor's)
        """Wait until a stream goes on or ends, or somebody asks the walk to end.

        Raises:
            StoppedWalk: somebody asked.
        """
        is_ready: list[Any] = []
        while not is_ready:
            self.check()
            is_ready, _ = ray.wait([steps], timeout=POLL_S, fetch_local=False)

    def result(self, reference: Any) -> Any:  # noqa: ANN401 (whatever the actor returns)
        """Return what an actor returns, unless somebody asks the walk to end.

        Raises:
            StoppedWalk: somebody asked.
        """
        while True:
            self.check()
            with suppress(GetTimeoutError):
                return ray.get(reference, timeout=POLL_S)

    def pause(self, seconds: float) -> None:
        """Sleep, unless somebody asks the walk to end.

        Raises:
            StoppedWalk: somebody asked.
        """
        self._stopped.wait(seconds)
        self.check()

    def wait_out(self, seconds: float) -> None:
        """Sleep while a service is away.

        Raises:
            StoppedWalk: another attempt owns the item by now.
        """
        self._lost.wait(seconds)
        if self._lost.is_set():
            raise StoppedWalk(StopCause.LOST)
