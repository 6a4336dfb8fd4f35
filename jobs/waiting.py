"""What a job waits for that nobody in the fleet gives it at this moment, and who can do what about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from jobs.spec import Job
from storage import worker_rows
from storage.worker_rows import AbleFacts


class WaitsFor(StrEnum):
    """What is not there."""

    WORKER = "worker"  # no worker of the fleet
    READY = "ready"  # workers are there, and none begins anything
    DETECTOR = "detector"  # the detector that the job names: no worker has it


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a job does not go on."""

    what: WaitsFor
    detector: str = ""  # that it names, by its SHA-256
    detector_name: str = ""  # as earlier reports call it; "": none names it

    @property
    def sentence(self) -> str:
        """Return it in English, with who can do what."""
        called = self.detector_name or self.detector[:12]
        return _SENTENCES[self.what].format(name=called)


_SENTENCES = {
    WaitsFor.WORKER: (
        "It waits: no fleet worker is there. Whoever runs this installation starts one (verity work,"
        " or verity serve without --no-worker); the job then goes on by itself."
    ),
    WaitsFor.READY: (
        "It waits: the fleet's workers are starting, or held up. Whoever runs this installation sees by"
        " what under Admin, Fleet; the job then goes on by itself."
    ),
    WaitsFor.DETECTOR: (
        "It waits for the detector {name}, which no worker has that is there now. Whoever runs this"
        " installation puts its file into a worker's folder VERITY_MODELS and starts that worker again;"
        " or cancel the job and submit it without naming a detector."
    ),
}


def read_waiting(connection: Connection, jobs: Sequence[Job]) -> dict[str, Waiting]:
    """Return what jobs wait for, by id; those that run, are paused or over wait for nothing."""
    idle = [
        int(job.job_id)
        for job in jobs
        if not (job.is_over or job.is_paused or job.counts.running)
        and (job.counts.waiting or job.counts.listing)
    ]
    found = {str(one.job_id): _waiting(one) for one in worker_rows.read_able(connection, idle)}
    return {job_id: waiting for job_id, waiting in found.items() if waiting is not None}


def _waiting(facts: AbleFacts) -> Waiting | None:
    if not facts.n_workers:
        return Waiting(WaitsFor.WORKER)
    if not facts.n_ready:
        return Waiting(WaitsFor.READY)
    if not facts.n_able:
        return Waiting(WaitsFor.DETECTOR, facts.detector, facts.detector_name)
    return None
