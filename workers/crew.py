"""The fleet's actors: asked for, lent, replaced when they die, ended.

Each actor that is wanted has a thread that starts it, and starts it again where it cannot now: a
cluster without room, a full disk. So a fleet works with those that it has: it needs a scorer, a
writer and one preparer, and on a cluster has room kept for these as a whole. A dead actor is the end
of an attempt; only then a new one is made, here and never by Ray.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError

from pipeline.errors import VerityError, WorkerLostError
from pipeline.vocabulary import ModelUse
from workers.actors import (
    START_S,
    Member,
    Patience,
    has_process,
    is_here,
    kill,
    opened,
    spawn,
)
from workers.ray_runtime import is_node_alive
from workers.reserved_room import ReservedRoom
from workers.roles import CrewSettings, Role, job_of, needs_of
from workers.scorer import DetectorFacts
from workers.walk_values import here

_log = logging.getLogger(__name__)
END_S = 10.0  # for killed processes to be gone: until then their folders are theirs
LONGEST_PAUSE_S = 30.0  # between tries to start an actor
MOST_DEAD_STARTS = 5  # in a row, of an actor that nobody can do without: then the fleet ends
READY_POLL_S = 0.1


@dataclass(slots=True)
class _Vacancy:
    """An actor that is wanted, until it works."""

    role: Role
    lane: str
    is_reserved: bool  # it goes where room is kept for it
    n_failures: int = 0
    why: str = ""  # it does not work yet, for people; "" = it is starting


class Crew:
    """Holds the actors for the fleet's life, or for one item that runs alone."""

    def __init__(
        self, settings: CrewSettings, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Prepare; the actors start when the crew is entered.

        Args:
            settings: how many actors.
            on_change: called in a thread of ours when an actor begins to work, or cannot.
        """
        self._settings = settings
        self._on_change = on_change
        self._guard = threading.Lock()
        self._closed = threading.Event()
        self._has_detector = threading.Event()
        self._shared: dict[Role, list[Member]] = {}  # scorers, writers, the lister
        self._preparers: list[Member] = []
        self._idle: list[Member] = []
        self._room: ReservedRoom[Role] | None = None  # on a cluster: for the least crew
        self._in_room: dict[Role, Member] = {}
        self._vacancies: list[_Vacancy] = []
        self._threads: list[threading.Thread] = []
        self._n_made = 0
        self._detector: DetectorFacts | None = None
        self._of_preparers: tuple[ModelUse, ...] = ()
        self.problem: VerityError | None = None  # no actor can be started: the fleet ends

    def __enter__(self) -> "Crew":
        """Ask for all actors; they come one by one."""
        settings = self._settings
        wanted = {
            Role.SCORER: settings.n_scorers,
            Role.WRITER: settings.n_writers,
            Role.PREPARER: settings.n_preparers,
            Role.LISTER: int(settings.with_lister),
        }
        least = [role for role, n_members in wanted.items() if n_members]
        if settings.fleet.ray_address and settings.reserves_cores:
            self._room = ReservedRoom({role: needs_of(role, settings) for role in least})
        for role in least:
            self._want(role, is_reserved=True)
        for role in least:
            for _ in range(wanted[role] - 1):
                self._want(role)
        return self

    def __exit__(self, *_: object) -> None:
        """End all actors."""
        self.close()

    @property
    def is_ready(self) -> bool:
        """Tell whether media can be analysed: there are a scorer, a writer and a preparer."""
        with self._guard:
            has_shared = all(self._shared.get(role) for role in (Role.SCORER, Role.WRITER))
            return has_shared and bool(self._preparers)

    def wait_until_ready(self, check: Callable[[], None]) -> None:
        """Return once media can be analysed.

        Raises:
            VerityError: an actor cannot work, or none came in time; and what `check` raises.
        """
        until = time.monotonic() + START_S
        while not self.is_ready:
            check()
            if self.problem is not None:
                raise self.problem
            if time.monotonic() > until:
                raise WorkerLostError(self.lack() or "No actors started.", "actor_not_started")
            time.sleep(READY_POLL_S)

    def lack(self) -> str:
        """Return why nothing can be begun, for people; "" = all is well, or just starting."""
        if self.is_ready:
            return ""
        with self._guard:
            return next((vacancy.why for vacancy in self._vacancies if vacancy.why), "")

    def roster(self) -> list[dict[str, str]]:
        """Return each actor: its lane, its node ("" = none yet), why it does not work yet."""
        with self._guard:
            working = self._all()
            return [
                *({"lane": one.lane, "node": one.where.node_id, "why": ""} for one in working),
                *({"lane": one.lane, "node": "", "why": one.why} for one in self._vacancies),
            ]

    @property
    def detector(self) -> DetectorFacts:
        """Return what is known of the model."""
        assert self._detector is not None, "the crew has been ready"
        return self._detector

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """Return what a report says of the models."""
        return (self.detector.use, *self._of_preparers)

    def member(self, role: Role) -> Member | None:
        """Return a scorer, a writer or the lister, each in its turn; None while there is none."""
        with self._guard:
            pool = self._shared.get(role)
            if not pool:
                return None
            pool.append(pool.pop(0))
            return pool[-1]

    def members(self, role: Role) -> tuple[Member, ...]:
        """Return all scorers, or all writers."""
        with self._guard:
            return tuple(self._shared.get(role, ()))

    def borrow(self, most: int) -> list[Member]:
        """Return up to `most` preparers that nobody uses."""
        self._bury_idle()
        with self._guard:
            lent, self._idle = self._idle[:most], self._idle[most:]
            return lent

    def give_back(self, preparer: Member) -> None:
        """Take a preparer back that has nothing to do any more."""
        with self._guard:
            self._idle.append(preparer)

    def is_free_within(self, member: Member, wait_s: float) -> bool:
        """Tell whether an actor is done with what it did, waiting that long for it."""
        try:
            ray.get(member.handle.__ray_ready__.remote(), timeout=wait_s)
        except (GetTimeoutError, RayActorError):
            return False
        return True

    def replace(self, member: Member) -> None:
        """End an actor, with all that it started, and let a new one come in its place.

        Several items may find out at once that a shared actor is dead: the first one replaces it.
        """
        with self._guard:
            role = self._dismissed(member)
            is_reserved = member in self._in_room.values()
        kill(member)
        if role is not None:
            self._want(role, is_reserved=is_reserved)

    def leave_node(self, node_id: str) -> None:
        """Replace all actors of a node that has died: no other item should pay to find that out."""
        with self._guard:
            members = self._all()
        for member in members:
            if member.where.node_id == node_id:
                self.replace(member)

    def check(self) -> None:
        """Make sure that Ray lives on our own node.

        Raises:
            WorkerLostError: it does not; this worker cannot go on.
        """
        try:
            if is_node_alive(here().node_id):
                return
        except WorkerLostError as error:
            self.problem = error
            raise
        self.problem = WorkerLostError("Ray has died on this machine.", "ray_lost")
        raise self.problem

    def look_after(self) -> None:
        """Make sure that Ray lives on our own node, and that idle preparers do.

        Raises:
            WorkerLostError: see `check`.
        """
        self.check()
        self._bury_idle()

    def _bury_idle(self) -> None:
        """Replace idle preparers that died: no item should pay for that."""
        with self._guard:
            idle = list(self._idle)
        for preparer in idle:
            if is_here(preparer) and not has_process(preparer):
                _log.warning("idle actor died", extra={"lane": preparer.lane})
                self.replace(preparer)

    def close(self) -> None:
        """End all actors, and wait until those of this node are gone."""
        with self._guard:
            self._closed.set()
        for thread in self._threads:
            thread.join()  # within `LOOK_S`: nobody wants its actor any more
        with self._guard:
            members = self._all()
            self._shared.clear()
            self._preparers.clear()
            self._idle.clear()
        for member in members:
            kill(member)
        if self._room is not None and self.problem is None:  # a dead Ray would be waited for
            self._room.close()
        until = time.monotonic() + END_S
        while any(map(has_process, members)) and time.monotonic() < until:
            time.sleep(0.02)

    def _all(self) -> list[Member]:
        return [*chain.from_iterable(self._shared.values()), *self._preparers]

    def _dismissed(self, member: Member) -> Role | None:
        """Take an actor off our lists; return what it did, None: it was on none."""
        for role, pool in self._shared.items():
            if member in pool:
                pool.remove(member)
                return role
        if member not in self._preparers:
            return None
        self._preparers.remove(member)
        if member in self._idle:
            self._idle.remove(member)
        return Role.PREPARER

    # one thread for each actor that is wanted

    def _want(self, role: Role, *, is_reserved: bool = False) -> None:
        with self._guard:
            if self._closed.is_set():
                return
            self._n_made += 1
            lane = f"{self._settings.name}{role} {self._n_made}"
            vacancy = _Vacancy(role, lane, is_reserved)
            self._vacancies.append(vacancy)
            thread = threading.Thread(target=self._fill, args=(vacancy,), name=vacancy.lane)
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _fill(self, vacancy: _Vacancy) -> None:
        """Start an actor, again and again until it works or nobody wants it."""
        while not self._closed.is_set() and self.problem is None:
            try:
                self._hire(vacancy)
            except VerityError as error:
                if self._closed.is_set():
                    return
                self._note_failure(vacancy, error)
                self._on_change()
                self._closed.wait(min(2.0**vacancy.n_failures, LONGEST_PAUSE_S))
            else:
                self._on_change()
                return

    def _note_failure(self, vacancy: _Vacancy, error: VerityError) -> None:
        """Decide whether it is worth another try; say so once."""
        if vacancy.n_failures == 0:
            _log.warning("actor not started: %s", error.message, extra={"lane": vacancy.lane})
        vacancy.n_failures += 1
        vacancy.why = error.message
        is_dead_start = isinstance(error, WorkerLostError) and not self.is_ready
        if not error.retryable or (is_dead_start and vacancy.n_failures >= MOST_DEAD_STARTS):
            self.problem = error

    def _hire(self, vacancy: _Vacancy) -> None:
        """Start an actor and put it to work.

        Raises:
            VerityError: not now, or never.
        """
        self.check()
        kind, settings = job_of(vacancy.role, self._settings.fleet)
        needs, place = needs_of(vacancy.role, self._settings), None
        if self._room is None:
            needs = needs.without_cores()
        elif vacancy.is_reserved:
            place = self._room.place_of(vacancy.role)
        else:
            self._wait_for_least_crew()  # cores for those that all items need come first
        handle = spawn(vacancy.lane, kind, settings, needs, place or "DEFAULT")
        arguments: tuple[object, ...] = ()
        if vacancy.role is Role.PREPARER:  # its process starts while the scorer opens the model
            self._wait_for_detector()
            arguments = (self._detector and self._detector.card,)
        patience = Patience(
            None if self._settings.fleet.ray_address else START_S,
            self._closed.is_set,
            lambda: self._tell_slow(vacancy),
        )
        self._put_to_work(vacancy, *opened(vacancy.lane, handle, arguments, patience))

    def _wait_for_least_crew(self) -> None:
        """Return once nobody waits for reserved room, which these cores may have to become."""
        while not self._closed.wait(READY_POLL_S):
            with self._guard:
                if not any(vacancy.is_reserved for vacancy in self._vacancies):
                    return

    def _wait_for_detector(self) -> None:
        while not (self._has_detector.wait(READY_POLL_S) or self._closed.is_set()):
            continue

    def _tell_slow(self, vacancy: _Vacancy) -> None:
        """Say that a cluster has no room for an actor; make some for one that all items need."""
        if not vacancy.why:
            vacancy.why = f"The Ray cluster has no room yet for {vacancy.lane}."
            _log.warning(vacancy.why)
            self._on_change()
        if vacancy.is_reserved:  # its node died
            for preparer in self._borrow_unreserved():
                self.replace(preparer)  # its successor waits until they have their room

    def _borrow_unreserved(self) -> list[Member]:
        """Take an idle preparer off the list whose core others could use, if there is one."""
        with self._guard:
            kept = self._in_room.get(Role.PREPARER)
            spare = [preparer for preparer in self._idle if preparer is not kept][:1]
            self._idle = [preparer for preparer in self._idle if preparer not in spare]
        return spare

    def _put_to_work(self, vacancy: _Vacancy, member: Member, facts: Any) -> None:  # noqa: ANN401
        with self._guard:
            self._vacancies.remove(vacancy)
            if vacancy.is_reserved:
                self._in_room[vacancy.role] = member
            if vacancy.role is Role.PREPARER:
                self._of_preparers = facts
                self._preparers.append(member)
                self._idle.append(member)
                return
            self._shared.setdefault(vacancy.role, []).append(member)
        if vacancy.role is Role.SCORER:
            self._detector = facts
            self._has_detector.set()
