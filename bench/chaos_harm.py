"""What is done to a site: kills, zombies, and servers that go away and come back.

Kills are counted and come from one place; database, object store and sweep are hurt beside them,
each by a thread of its own, all the while.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from bench.chaos_site import Site, Worker
from bench.fault_proxy import Fault
from pipeline.errors import VerityError
from storage.kept_objects import sweep_orphans
from storage.late_puts import look_again
from storage.postgres_programs import ServerError

GRACE_S = 1.0  # of the sweep: between a put and its commit lies less, unless something is stopped
WATCH_S = (
    45.0  # of swept keys: what is stopped here goes on within 8 s, and then puts or fails soon
)
SWEEP_EVERY_S = 0.5
DATABASE_UP_S = (5.0, 40.0)  # until PostgreSQL is stopped again
DATABASE_AWAY_S = (0.5, 3.0)
STORE_WELL_S = (3.0, 15.0)
STORE_ILL_S = (0.5, 3.0)
CHECK_S = 0.2
# An item that a process died of twice gets its last try alone: only a harm to that one would be
# told from the item's own fault by nobody.
_LAST_TRIES = text(
    "SELECT count(*) FROM item WHERE n_crashes >= 2 AND state NOT IN ('done', 'failed')"
)
_ACTORS = ("Preparer", "Scorer", "Writer", "Lister")


@dataclass
class Harm:
    """Hurts a site at random, and remembers what it did."""

    site: Site
    seed: int
    done: Counter[str] = field(default_factory=Counter)  # kills and stops, by kind
    beside: Counter[str] = field(default_factory=Counter)  # outages, by kind
    _zombies: list[threading.Thread] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Give each thread a chance of its own: their order is the machine's."""
        self._rng = random.Random(self.seed)  # noqa: S311 (for chaos, not for secrets)

    @property
    def n_done(self) -> int:
        """Return how many processes were killed or stopped."""
        return self.done.total()

    def strike(self) -> bool:
        """Kill or stop something; False: there was nothing of that kind."""
        ways: list[tuple[Callable[[], bool], int]] = [
            (self._kill_actor, 6),
            (self._kill_driver, 3),
            (self._kill_raylet, 2),
            (self._kill_gcs, 1),
            (self._kill_heartbeat, 1),
            (self._stop_driver, 2),
            (self._stop_actor, 2),
            (self._stop_heartbeat, 1),
            (self._freeze_worker, 2),
        ]
        [way] = self._rng.choices([way for way, _ in ways], [weight for _, weight in ways])
        return way()

    def wait_for_zombies(self) -> None:
        """Return once everything that was stopped goes on."""
        for zombie in self._zombies:
            zombie.join()

    # each tells whether it found something to hurt

    def _kill_driver(self) -> bool:
        """Its Ray and its heartbeat die with it, its leases run out."""
        return self._kill("driver", self._drivers())

    def _kill_actor(self) -> bool:
        """Every actor that works, unless an item has its last try."""
        with suppress(Exception), self.site.engine.connect() as connection:
            if not connection.scalar(_LAST_TRIES):
                return self._kill("actor", self._actors())
        return False

    def _kill_raylet(self) -> bool:
        return self._kill_server("raylet", "raylet/raylet")

    def _kill_gcs(self) -> bool:
        return self._kill_server("gcs", "gcs_server")

    def _kill_heartbeat(self) -> bool:
        return self._kill("heartbeat", self._below("workers.heartbeat"))

    def _stop_driver(self) -> bool:
        """The zombie wakes when others have its items."""
        return self._stop("driver", self._drivers(), 4 * self.site.lease_s)

    def _stop_actor(self) -> bool:
        """The driver keeps its items and waits."""
        return self._stop("actor", self._actors(), 1.5 * self.site.lease_s)

    def _stop_heartbeat(self) -> bool:
        """The driver works on, its leases run out, until it finds out and starts another one."""
        return self._stop("heartbeat", self._below("workers.heartbeat"), 3 * self.site.lease_s)

    def _freeze_worker(self) -> bool:
        """Stop everything of a worker, as a machine that is suspended, and wake it."""
        drivers = self._drivers()
        if not drivers:
            return False
        pid = self._rng.choice(drivers)
        self._note("freeze worker", pid)
        self._stop_for([pid, *_descendants(pid)], 3 * self.site.lease_s)
        return True

    def _kill(self, what: str, pids: list[int]) -> bool:
        if not pids:
            return False
        pid = self._rng.choice(pids)
        self._note(f"kill {what}", pid)
        _signal(pid, signal.SIGKILL)
        return True

    def _kill_server(self, what: str, words: str) -> bool:
        """Kill one of Ray's servers, and note whose it was."""
        servers = {pid: worker for worker in self.site.workers for pid in _below(worker, words)}
        if not servers:
            return False
        pid = self._rng.choice([*servers])
        servers[pid].has_lost_ray = True
        return self._kill(what, [pid])

    def _stop(self, what: str, pids: list[int], seconds: float) -> bool:
        if not pids:
            return False
        pid = self._rng.choice(pids)
        self._note(f"stop {what}", pid)
        self._stop_for([pid], seconds)
        return True

    def _stop_for(self, pids: list[int], seconds: float) -> None:
        for pid in pids:
            _signal(pid, signal.SIGSTOP)

        def wake() -> None:
            time.sleep(seconds)
            for pid in pids:
                _signal(pid, signal.SIGCONT)

        zombie = threading.Thread(target=wake)
        zombie.start()
        self._zombies.append(zombie)

    def _drivers(self) -> list[int]:
        return [worker.process.pid for worker in self.site.workers]

    def _actors(self) -> list[int]:
        return [pid for name in _ACTORS for pid in self._below(f"ray::{name}")]

    def _below(self, words: str) -> list[int]:
        """Return the processes under our drivers with these words in their command."""
        return [pid for worker in self.site.workers for pid in _below(worker, words)]

    def _note(self, what: str, pid: int) -> None:
        self.done[what] += 1
        self.tell(f"{what} {pid} ({_command(pid)[:60]})")

    def tell(self, what: str) -> None:
        """Write a line into the site's diary, for whoever looks for the cause of something."""
        with (self.site.logs / "harm.log").open("a") as diary:
            diary.write(
                f"{time.strftime('%H:%M:%S')} {time.monotonic() - self._began:7.2f} {what}\n"
            )

    # outages, beside the kills

    @contextmanager
    def outages(self) -> Iterator[None]:
        """Take database and object store away now and then, and sweep all the while."""
        stop = threading.Event()
        ways = (self._hurt_database, self._hurt_store, self._sweep)
        threads = [threading.Thread(target=way, args=(stop,), name=way.__name__) for way in ways]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _hurt_database(self, stop: threading.Event) -> None:
        """Stop PostgreSQL at once, every 5 to 40 s."""
        rng = random.Random(self.seed + 1)  # noqa: S311
        server = self.site.server
        while not stop.wait(rng.uniform(*DATABASE_UP_S)):
            pid = server.running_pid()
            if pid is not None:
                self.beside["PostgreSQL stopped at once"] += 1
                self.tell("stop PostgreSQL")
                _signal(pid, signal.SIGQUIT)
                time.sleep(rng.uniform(*DATABASE_AWAY_S))
            while server.running_pid() is None:
                with suppress(ServerError):  # its last sessions are still ending
                    server.hold()
            self.tell("PostgreSQL is back")

    def _hurt_store(self, stop: threading.Event) -> None:
        """Let the S3 server die, or seem away, slow or broken."""
        rng = random.Random(self.seed + 2)  # noqa: S311
        site = self.site
        faults = [fault for fault in Fault if fault is not Fault.NONE]
        while not stop.wait(rng.uniform(*STORE_WELL_S)):
            fault = rng.choice([None, *faults])
            name = f"S3 {fault or 'killed'}"
            self.beside[name] += 1
            self.tell(name)
            if fault is None:
                site.s3.stop()
            else:
                site.proxy.fault = fault
            time.sleep(rng.uniform(*STORE_ILL_S))
            site.proxy.fault = Fault.NONE
            if fault is None:
                site.s3.start()
            self.tell("S3 is well")

    def _sweep(self, stop: threading.Event) -> None:
        """Sweep orphans with little grace, look for late puts, and count both."""
        site = self.site
        while not stop.wait(SWEEP_EVERY_S):
            with suppress(VerityError):
                n_late = look_again(site.engine, site.store, GRACE_S, WATCH_S, stop=stop)
                self.beside["late puts found"] += n_late
                self.beside["orphans swept"] += sweep_orphans(
                    site.engine, site.store, GRACE_S, stop
                )


def _below(worker: Worker, words: str) -> list[int]:
    """Return the processes that a worker has started with these words in their command."""
    return [pid for pid in _descendants(worker.process.pid) if words in _command(pid)]


def _descendants(of: int) -> list[int]:
    """Return the processes that a process has started, and those that they have started."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        children.setdefault(_parent(pid), []).append(pid)
    found: list[int] = []
    level = [of]
    while level:
        level = [child for pid in level for child in children.get(pid, [])]
        found += level
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _command(pid: int) -> str:
    return _read(pid, "cmdline").replace("\0", " ")


def _parent(pid: int) -> int:
    with suppress(ValueError, IndexError):
        return int(_read(pid, "stat").rpartition(")")[2].split()[1])
    return 0


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    except OSError:  # it has ended
        return ""
