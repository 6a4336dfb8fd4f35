"""Renew the leases of a fleet's items from a process of its own: `python -m workers.heartbeat`.

The driver may hold the GIL, swap or be stopped; this process imports neither Ray nor ONNX Runtime,
renews leases in the database by itself and dies with its driver (parent-death signal and the end of
its standard input). It reports an item that has made no progress within its stage's deadline, and
stops renewing it if the driver does nothing about that; it stops renewing every item of a driver
that has gone silent. Then the lease runs out and another worker takes over. It reads one JSON line
a snapshot and answers with one JSON line an event.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import TypeAdapter

from jobs.fair_claim import ClaimRules
from jobs.spec import Beat, BeatReply
from jobs.work_queue import WorkQueue
from pipeline.errors import VerityError
from storage.database import connect_engine
from storage.host_rows import HostPace

PR_SET_PDEATHSIG = 1  # linux/prctl.h
STALL_PATIENCE_S = 30.0  # a driver that is well ends a stalled attempt within this
NOTHING_NEW = BeatReply(frozenset(), frozenset(), frozenset())


class EventKind(StrEnum):
    """What the heartbeat tells the driver."""

    BEAT = "beat"  # the leases of this round are renewed
    LOST = "lost"  # another attempt owns the item: stop
    CANCELLED = "cancelled"  # somebody stopped the job: stop
    PAUSED = "paused"  # give the item back
    STALLED = "stalled"  # no progress within the stage's deadline: end it
    OUTAGE = "outage"  # the database does not answer; held items go on


@dataclass(frozen=True, slots=True)
class Orders:
    """What the driver says first."""

    database_url: str  # with its password: it travels by the pipe, never by argv or environment
    lease_s: float
    beat_s: float  # seconds between renewals
    driver_silence_s: float  # without a snapshot for this long the driver counts as stopped
    host_rate: float = 5.0  # media a second from one host, as the driver claims them
    host_burst: float = 10.0


@dataclass(frozen=True, slots=True)
class Hold:
    """One item that the driver works on."""

    beat: Beat
    n_steps: int  # signs of life in this stage: any change is progress
    deadline_s: float  # longest time without one


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the driver holds right now."""

    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line to the driver."""

    kind: EventKind
    item_id: str = ""
    fence: int = 0
    message: str = ""


ORDERS = TypeAdapter(Orders)
SNAPSHOT = TypeAdapter(Snapshot)
EVENT = TypeAdapter(Event)


@dataclass(slots=True)
class _Watched:
    """A hold and when it last moved."""

    hold: Hold
    moved_at: float
    is_stalled: bool = False


@dataclass(slots=True)
class Pulse:
    """Decides which leases deserve renewal; times are monotonic seconds and come as arguments."""

    driver_silence_s: float
    heard_at: float
    _watched: dict[tuple[str, int], _Watched] = field(default_factory=dict)

    def take(self, snapshot: Snapshot, now: float) -> None:
        """Replace what is known by what the driver says now."""
        self.heard_at = now
        before = self._watched
        self._watched = {}
        for hold in snapshot.holds:
            key = (hold.beat.claim.item_id, hold.beat.claim.fence)
            known = before.get(key)
            if known is not None and _same_place(known.hold, hold):
                self._watched[key] = _Watched(hold, known.moved_at, known.is_stalled)
            else:
                self._watched[key] = _Watched(hold, now)

    def due(self, now: float) -> list[Beat]:
        """Return the beats of items that move or stalled just now, none of a silent driver."""
        if now - self.heard_at > self.driver_silence_s:
            return []
        return [
            watched.hold.beat
            for watched in self._watched.values()
            if now - watched.moved_at <= watched.hold.deadline_s + STALL_PATIENCE_S
        ]

    def newly_stalled(self, now: float) -> list[Beat]:
        """Return the beats of items that have stopped moving, each once."""
        stalled = [w for w in self._watched.values() if not w.is_stalled and _is_overdue(w, now)]
        for watched in stalled:
            watched.is_stalled = True
        return [watched.hold.beat for watched in stalled]


def _same_place(before: Hold, after: Hold) -> bool:
    return (before.beat.stage, before.n_steps) == (after.beat.stage, after.n_steps)


def _is_overdue(watched: _Watched, now: float) -> bool:
    return watched.is_stalled or now - watched.moved_at > watched.hold.deadline_s


def main() -> None:
    """Run until the driver's pipe ends."""
    _die_with(int(sys.argv[1]))
    # A terminal's Ctrl-C and a service manager's SIGTERM go to the whole group; the driver still
    # needs its leases while it gives items back, and ends us by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    orders = ORDERS.validate_json(sys.stdin.buffer.readline())
    pulse = Pulse(orders.driver_silence_s, heard_at=time.monotonic())
    guard = threading.Lock()
    threading.Thread(target=_listen, args=(pulse, guard), daemon=True).start()
    engine = connect_engine(orders.database_url)
    rules = ClaimRules(host=HostPace(orders.host_rate, orders.host_burst))
    queue = WorkQueue(engine, orders.lease_s, rules=rules, may_listen=False)
    while True:
        started = time.monotonic()
        with guard:
            stalled = pulse.newly_stalled(started)
            beats = pulse.due(started)
        for beat in stalled:
            _tell(Event(EventKind.STALLED, beat.claim.item_id, beat.claim.fence))
        for event in renew(queue, beats):
            _tell(event)
        time.sleep(max(0.0, orders.beat_s - (time.monotonic() - started)))


def renew(queue: WorkQueue, beats: list[Beat]) -> list[Event]:
    """Renew the leases, tend the queue, and return what the driver must know."""
    try:
        reply = queue.heartbeat(beats) if beats else NOTHING_NEW
        queue.tend()
    except VerityError as error:
        return [Event(EventKind.OUTAGE, message=error.message)]
    return [*_news(beats, reply), Event(EventKind.BEAT)]


def _news(beats: list[Beat], reply: BeatReply) -> list[Event]:
    kinds = {
        EventKind.LOST: reply.lost,
        EventKind.CANCELLED: reply.cancelled,
        EventKind.PAUSED: reply.paused,
    }
    return [
        Event(kind, beat.claim.item_id, beat.claim.fence)
        for kind, item_ids in kinds.items()
        for beat in beats
        if beat.claim.item_id in item_ids
    ]


def _listen(pulse: Pulse, guard: threading.Lock) -> None:
    """Take snapshots as they come; the end of the pipe is the end of the driver."""
    for line in sys.stdin.buffer:
        snapshot = SNAPSHOT.validate_json(line)
        with guard:
            pulse.take(snapshot, time.monotonic())
    os._exit(0)  # the main thread may be waiting for a database that does not answer


def _tell(event: Event) -> None:
    try:
        sys.stdout.buffer.write(EVENT.dump_json(event) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)


def _die_with(parent_id: int) -> None:
    """End when the parent's thread that started us ends, also by SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:  # it died before the line above
        os._exit(0)


if __name__ == "__main__":
    main()
