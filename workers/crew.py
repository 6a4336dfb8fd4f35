"""The fleet's actors: started, lent, replaced when they die, ended.

A dead actor is the end of an attempt; only then a new one is made, here and never by Ray.
"""

import logging
import threading
import time
from dataclasses import dataclass
from types import TracebackType

import ray
from ray.exceptions import GetTimeoutError, RayActorError

from pipeline.errors import VerityError, WorkerLostError
from pipeline.vocabulary import ModelUse
from workers.actors import Member, Needs, Starting, has_process, kill, opened, spawn
from workers.lister import Lister, ListerSettings
from workers.preparer import Preparer, PreparerSettings
from workers.ray_runtime import is_node_alive
from workers.scorer import DetectorFacts, Scorer, ScorerSettings
from workers.settings import FleetSettings
from workers.walk_values import here
from workers.writer import Writer, WriterSettings

_log = logging.getLogger(__name__)
END_S = 3.0  # for a killed process to be gone


@dataclass(frozen=True, slots=True)
class CrewSettings:
    """How many actors, and what they ask of a cluster."""

    fleet: FleetSettings
    n_preparers: int
    n_gpus: int  # in the cluster
    name: str = ""  # in the trace, before the lane
    with_lister: bool = True


class Crew:
    """Holds the actors for the fleet's life, or for one item that runs alone."""

    def __init__(self, settings: CrewSettings) -> None:
        """Prepare; the actors start when the crew is entered."""
        self._settings = settings
        self._guard = threading.Lock()
        self._replacing = threading.Lock()
        self._members: dict[str, Member] = {}  # scorer, writer, lister
        self._preparers: list[Member] = []
        self._idle: list[Member] = []
        self._lister: Starting | None = None
        self._n_made = 0
        self._detector: DetectorFacts | None = None
        self.separator: ModelUse | None = None
        self.problem: VerityError | None = None  # an actor cannot be replaced: the fleet ends

    def __enter__(self) -> "Crew":
        """Start scorer, writer and preparers, and wait until they are ready.

        Raises:
            ConfigError, ModelError: an actor cannot work with these settings.
            WorkerLostError: an actor died while it started.
        """
        try:
            scorer, writer = self._spawn_scorer(), self._spawn_writer()
            preparers = [self._spawn_preparer() for _ in range(self._settings.n_preparers)]
            if self._settings.with_lister:
                self._lister = self._spawn_lister()
            self._members["scorer"] = self._open_scorer(scorer)
            self._members["writer"] = opened(writer)[0]
            for preparer in preparers:
                self._ask_to_open(preparer)
            for preparer in preparers:
                self._take_in(preparer)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all actors."""
        self.close()

    @property
    def detector(self) -> DetectorFacts:
        """Return what is known of the model."""
        assert self._detector is not None, "the crew has been entered"
        return self._detector

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """Return what a report says of the models."""
        return (self.detector.use,) + (() if self.separator is None else (self.separator,))

    @property
    def scorer(self) -> Member:
        """Return the scorer that is at work now."""
        return self._members["scorer"]

    @property
    def writer(self) -> Member:
        """Return the writer that is at work now."""
        return self._members["writer"]

    def lister(self) -> Member:
        """Return the lister; the first call starts it."""
        with self._replacing:
            if "lister" not in self._members:
                starting, self._lister = self._lister or self._spawn_lister(), None
                self._members["lister"] = opened(starting)[0]
            return self._members["lister"]

    def borrow(self, most: int) -> list[Member]:
        """Return up to `most` preparers that nobody uses."""
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
        """End an actor, with all that it started, and put a new one in its place.

        Several items may find out at once that a shared actor is dead: the first one replaces it.
        """
        with self._replacing:
            kill(member)
            try:
                self.check()
                self._put_new(member)
            except VerityError as error:
                _log.exception("actor not replaced", extra={"lane": member.lane})
                self.problem = error

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

    def close(self) -> None:
        """End all actors, and wait until those of this node are gone."""
        with self._guard:
            members = [*self._members.values(), *self._preparers]
            self._members.clear()
            self._preparers.clear()
            self._idle.clear()
        for member in members:
            kill(member)
        if self._lister is not None:  # nobody has asked for it yet
            ray.kill(self._lister.handle)
        until = time.monotonic() + END_S
        while any(map(has_process, members)) and time.monotonic() < until:
            time.sleep(0.02)

    def _put_new(self, member: Member) -> None:
        with self._guard:
            role = next((role for role, m in self._members.items() if m is member), None)
            is_preparer = member in self._preparers
            if is_preparer:
                self._preparers.remove(member)
            if role == "lister":
                del self._members[role]
        if is_preparer:
            starting = self._spawn_preparer()
            self._ask_to_open(starting)
            self._take_in(starting)
        elif role == "scorer":
            self._members[role] = self._open_scorer(self._spawn_scorer())
        elif role == "lister":
            self._lister = self._spawn_lister()
        elif role == "writer":
            self._members[role] = opened(self._spawn_writer())[0]

    def _spawn_preparer(self) -> Starting:
        fleet = self._settings.fleet
        settings = PreparerSettings(
            fleet.jobs, fleet.separator, fleet.temp_folder, fleet.allow_local
        )
        return self._spawn(Preparer, "preparer", settings, Needs(1.0))

    def _spawn_scorer(self) -> Starting:
        fleet = self._settings.fleet
        n_gpus = 1.0 if self._settings.n_gpus and fleet.device != "cpu" else 0.0
        settings = ScorerSettings(
            fleet.detector, fleet.device, fleet.n_score_threads, fleet.score_wait_s
        )
        return self._spawn(Scorer, "scorer", settings, Needs(fleet.n_score_threads, n_gpus))

    def _spawn_writer(self) -> Starting:
        fleet = self._settings.fleet
        return self._spawn(
            Writer, "writer", WriterSettings(fleet.storage, fleet.lease_s), Needs(0.5)
        )

    def _spawn_lister(self) -> Starting:
        fleet = self._settings.fleet
        settings = ListerSettings(fleet.jobs, fleet.temp_folder, fleet.allow_local)
        return self._spawn(Lister, "lister", settings, Needs(0.1, n_threads=fleet.n_listings + 1))

    def _spawn(self, kind: type, lane: str, settings: object, needs: Needs) -> Starting:
        with self._guard:
            self._n_made += 1
            number = self._n_made
        on_cluster = bool(self._settings.fleet.ray_address)
        name = f"{self._settings.name}{lane} {number}"
        return spawn(kind, name, settings, needs if on_cluster else needs.without_cores())

    def _ask_to_open(self, preparer: Starting) -> None:
        preparer.opening = preparer.handle.open.remote(self.detector.card)

    def _take_in(self, starting: Starting) -> None:
        member, use = opened(starting)
        with self._guard:
            self.separator = use
            self._preparers.append(member)
            self._idle.append(member)

    def _job_of(self, role: Role) -> tuple[type, object, Needs]:
        """Return an actor's class, its settings and what it asks of a cluster."""
        fleet = self._settings.fleet
        place = NodePlace(fleet.temp_folder, may_differ=bool(fleet.ray_address))
        if role is Role.PREPARER:
            trust = fleet.storage.evidence.c2pa_trust
            pem = b"" if trust is None else trust.read_bytes()
            preparer = PreparerSettings(
                fleet.jobs, fleet.separator, place, fleet.allow_local, trust_pem=pem
            )
            return Preparer, preparer, Needs(1.0)
        if role is Role.SCORER:
            n_gpus = 1.0 if self._settings.n_gpus and fleet.device != "cpu" else 0.0
            n_threads = fleet.n_score_threads
            scorer = ScorerSettings(fleet.detector, fleet.device, n_threads, fleet.score_wait_s)
            return Scorer, scorer, Needs(n_threads, n_gpus)
        if role is Role.WRITER:
            return (
                Writer,
                WriterSettings(fleet.storage, fleet.lease_s, site_key(fleet.storage)),
                Needs(0.5),
            )
        lister = ListerSettings(fleet.jobs, place, fleet.allow_local)
        return Lister, lister, Needs(0.1, n_threads=fleet.n_listings + 1)
