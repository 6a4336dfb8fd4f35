"""The driver's end of the heartbeat process: starts it, tells it what is held, hears what it says.

The driver sends one full snapshot a tick, so a heartbeat process that died is replaced by a fresh
one without any state to hand over. Writing and reading happen in threads: a pipe that nobody reads
never blocks the driver.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jobs.spec import Beat, ItemClaim
from pipeline.errors import ConfigError, WorkerLostError
from workers.heartbeat import EVENT, ORDERS, SNAPSHOT, Event, EventKind, Hold, Orders, Snapshot

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0  # a fresh interpreter: about 1 s of imports, on a busy machine much longer
OnEvent = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How the link and its process behave."""

    orders: Orders
    tick_s: float  # seconds between snapshots
    mute_s: float  # without a word from the process for this long, it is replaced
    environ: Mapping[str, str]  # of the process


class HeartbeatLink:
    """Holds the heartbeat process for the fleet's life; replaces it when it dies."""

    def __init__(self, settings: LinkSettings, on_event: OnEvent) -> None:
        """Prepare the link; nothing runs until it is entered.

        Args:
            settings: what the process is told, and how patient we are with it.
            on_event: called in a thread of ours for everything but plain beats.
        """
        self._settings = settings
        self._on_event = on_event
        self._guard = threading.Lock()
        self._holds: dict[str, Hold] = {}
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._beats = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._heard_at = 0.0
        self._is_away = False

    def __enter__(self) -> "HeartbeatLink":
        """Start the process and the thread that feeds it; wait until it beats.

        Raises:
            WorkerLostError: it does not start.
        """
        self._start()
        threading.Thread(target=self._feed, name="heartbeat-feed", daemon=True).start()
        if not self._beats.wait(START_S):  # a lease must not run out while it imports
            self._closed.set()
            self._end()
            raise WorkerLostError("The heartbeat process does not start.", "heartbeat_not_started")
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and wait until it is gone."""
        self._closed.set()
        self._changed.set()
        self._end()

    @property
    def process_id(self) -> int:
        """Return the id of the running process."""
        if self._process is None:
            raise ConfigError("The heartbeat process does not run.")
        return self._process.pid

    def hold(self, claim: ItemClaim, stage: str, deadline_s: float) -> None:
        """Renew this claim's lease from now on."""
        with self._guard:
            self._holds[claim.item_id] = Hold(Beat(claim, stage), 0, deadline_s)
        self._changed.set()

    def note(
        self,
        claim: ItemClaim,
        stage: str,
        deadline_s: float,
        progress: float = 0.0,
        cursor: str | None = None,
    ) -> None:
        """Say that an item has moved; only that keeps its deadline away."""
        with self._guard:
            known = self._holds.get(claim.item_id)
            if known is None or known.beat.claim.fence != claim.fence:
                return
            cursor = known.beat.cursor if cursor is None else cursor
            beat = Beat(claim, stage, progress, cursor, known.beat.provisional)
            self._holds[claim.item_id] = Hold(beat, known.n_steps + 1, deadline_s)

    def show(self, claim: ItemClaim, provisional: str) -> None:
        """Let the next heartbeat carry what people are shown of an item meanwhile."""
        with self._guard:
            known = self._holds.get(claim.item_id)
            if known is not None and known.beat.claim.fence == claim.fence:
                beat = replace(known.beat, provisional=provisional)
                self._holds[claim.item_id] = replace(known, beat=beat)

    def drop(self, claim: ItemClaim) -> None:
        """Leave this claim's lease alone from now on."""
        with self._guard:
            known = self._holds.get(claim.item_id)
            if known is not None and known.beat.claim.fence == claim.fence:
                del self._holds[claim.item_id]

    def check(self) -> None:
        """Replace the process if it died or went mute; called from the thread that entered.

        The parent-death signal is sent when the *thread* that started the process ends.
        """
        process = self._process
        if process is None or self._closed.is_set():
            return
        silent_s = time.monotonic() - self._heard_at
        if process.poll() is None and silent_s < self._settings.mute_s:
            return
        _log.warning("heartbeat process lost", extra={"silent_s": round(silent_s, 1)})
        self._end()
        self._start()

    def _start(self) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "workers.heartbeat", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env=dict(self._settings.environ),
        )
        assert process.stdin is not None
        process.stdin.write(ORDERS.dump_json(self._settings.orders) + b"\n")
        process.stdin.flush()
        self._heard_at = time.monotonic() + START_S
        self._process = process
        threading.Thread(
            target=self._hear, args=(process,), name="heartbeat-hear", daemon=True
        ).start()
        self._changed.set()

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        process.kill()  # it holds nothing that needs a farewell
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # a snapshot was still in the buffer
                    continue

    def _feed(self) -> None:
        while not self._closed.is_set():
            with self._guard:
                snapshot = Snapshot(tuple(self._holds.values()))
            process = self._process
            if process is not None and process.stdin is not None:
                try:
                    process.stdin.write(SNAPSHOT.dump_json(snapshot) + b"\n")
                    process.stdin.flush()
                except (OSError, ValueError):
                    _log.debug("heartbeat process is being replaced")
            self._changed.wait(self._settings.tick_s)
            self._changed.clear()

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            event = EVENT.validate_json(line)
            self._heard_at = time.monotonic()
            self._beats.set()
            self._note_outage(event)
            if event.kind not in {EventKind.BEAT, EventKind.OUTAGE}:
                self._on_event(event)

    def _note_outage(self, event: Event) -> None:
        """Say once that the database went away, and once that it came back."""
        is_away = event.kind is EventKind.OUTAGE
        if is_away != self._is_away:
            self._is_away = is_away
            self._on_event(replace(event, kind=EventKind.OUTAGE) if is_away else event)
