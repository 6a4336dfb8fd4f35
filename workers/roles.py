"""What the actors of a crew do, what each is made with, and what it asks of a cluster."""

from dataclasses import dataclass
from enum import StrEnum

from workers.actors import Needs
from workers.lister import Lister, ListerSettings
from workers.preparer import Preparer, PreparerSettings
from workers.scorer import Scorer, ScorerSettings
from workers.settings import FleetSettings, NodePlace
from workers.site_key import site_key
from workers.writer import WRITES_AT_ONCE, Writer, WriterSettings


class Role(StrEnum):
    """What an actor does."""

    PREPARER = "preparer"
    SCORER = "scorer"
    WRITER = "writer"
    LISTER = "lister"


@dataclass(frozen=True, slots=True)
class CrewSettings:
    """How many actors, and what they ask of a cluster."""

    fleet: FleetSettings
    n_preparers: int
    n_gpus: int  # in the cluster
    name: str = ""  # in the trace, before the lane
    with_lister: bool = True
    reserves_cores: bool = True  # False: on top of what nodes have counted, for one item

    @property
    def n_scorers(self) -> int:
        """Return how many scorers: one a GPU of ours; else as many as keep the preparers busy.

        Preparing a second of sound takes 8 ms of a core, scoring it 4, or 7 where it is heard twice.
        On a cluster one GPU, unless more are asked for: others may share it.
        """
        n_cards = 1 if self.fleet.ray_address else self.n_gpus
        sensible = n_cards if self.uses_gpus else max(1, self.n_preparers // 2)
        return min(self.fleet.n_scorers or sensible, self.n_preparers)

    @property
    def n_writers(self) -> int:
        """Return how many writers: a report takes 0.2 s, as long as preparing 25 s of sound."""
        return min(self.fleet.n_writers or max(1, self.n_preparers // 2), self.n_preparers)

    @property
    def uses_gpus(self) -> bool:
        """Tell whether scorers ask for a GPU."""
        return bool(self.n_gpus) and self.fleet.device != "cpu"


def needs_of(role: Role, crew: CrewSettings) -> Needs:
    """Return what an actor asks of a cluster."""
    fleet = crew.fleet
    if role is Role.SCORER:
        return Needs(fleet.n_score_threads, float(crew.uses_gpus))
    if role is Role.LISTER:
        return Needs(0.1, n_threads=fleet.n_listings + 1)
    if role is Role.WRITER:
        return Needs(0.5, n_threads=WRITES_AT_ONCE)
    return Needs(1.0)


def job_of(role: Role, fleet: FleetSettings) -> tuple[type, object]:
    """Return an actor's class and its settings."""
    place = NodePlace(fleet.temp_folder, may_differ=bool(fleet.ray_address))
    if role is Role.PREPARER:
        trust = fleet.storage.evidence.c2pa_trust
        pem = b"" if trust is None else trust.read_bytes()
        preparer = PreparerSettings(
            fleet.jobs,
            fleet.separator,
            place,
            fleet.allow_local,
            trust_pem=pem,
            storage=fleet.storage,
            installation=fleet.installation,
            keep_bytes=fleet.keep_bytes,
        )
        return Preparer, preparer
    if role is Role.SCORER:
        scorer = ScorerSettings(
            fleet.detector,
            fleet.device,
            fleet.n_score_threads,
            fleet.score_wait_s,
            fleet.score_rows,
        )
        return Scorer, scorer
    if role is Role.WRITER:
        key = site_key(fleet.storage)
        return Writer, WriterSettings(fleet.storage, fleet.lease_s, key, fleet.jobs.egress)
    return Lister, ListerSettings(fleet.jobs, place, fleet.allow_local, fleet.storage)
