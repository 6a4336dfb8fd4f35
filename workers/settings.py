"""How a fleet worker runs, read once from the environment by `FleetSettings.from_env`."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs.fair_claim import ClaimRules
from jobs.settings import JobsSettings
from pipeline.errors import ConfigError
from storage.host_rows import HostPace
from storage.settings import StorageSettings
from workers.machine import count_cores, memory_room

MOST_LOCAL_PREPARERS = 32
PREPARER_BYTES = 400 << 20  # of memory: 250 MB measured, and room for a block's arrays
LEAST_AHEAD = 4
SHARED_BYTES = 250 << 20  # of memory: its share of a scorer and a writer
OTHERS_BYTES = 1200 << 20  # Ray, scorer, writer, database


class StageDeadlines(BaseModel):
    """Longest time without any progress, by stage, in seconds; then the attempt is `stalled`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    list_s: float = 300.0  # one page of a slow site
    fetch_s: float = 180.0  # no byte for this long; sites pause between retries
    probe_s: float = 90.0  # its child is ended after 60 s
    survey_s: float = 180.0  # its child is ended after 120 s without output
    prepare_s: float = 300.0  # one block of about 30 s of sound
    score_s: float = 600.0  # a queue of other items' rows may be ahead
    write_s: float = 900.0  # a service that is away is waited for

    def of(self, stage: str) -> float:
        """Return the deadline of a stage."""
        return float(getattr(self, f"{stage}_s"))


class FleetSettings(BaseModel):
    """One worker process: its actors, its patience and its places."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    storage: StorageSettings
    jobs: JobsSettings = JobsSettings()
    detector: str = ""  # name in the model store, or a path; "" = its default
    separator: str = ""
    n_preparers: int = Field(default=1, ge=1)
    n_scorers: int = Field(default=0, ge=0)  # 0 = one a GPU, or one for two preparers
    n_writers: int = Field(default=0, ge=0)  # 0 = one for two preparers
    host_rate: float = Field(default=5.0, gt=0, le=10_000)  # media a second from one host
    host_burst: float = Field(default=10.0, ge=1, le=100_000)  # at once, after a pause
    n_listings: int = Field(default=4, ge=1)  # sources listed at once
    batches_in_flight: int = Field(default=3, ge=1)  # prepared batches of one item in memory
    # A run that is not full (4 rows on a processor, a card's batch on a GPU) waits this long for
    # other items' rows. It costs as much as a full one, and its item's preparer goes on meanwhile.
    score_wait_s: float = Field(default=0.5, ge=0)
    score_rows: int = Field(default=0, ge=0)  # that need not wait; 0 = as many as fill a run
    device: Literal["auto", "cpu", "cuda"] = "auto"  # of the scorer
    n_score_threads: int = Field(default=1, ge=1)
    lease_s: float = Field(default=15.0, gt=0)
    deadlines: StageDeadlines = StageDeadlines()
    poll_s: float = Field(default=1.0, gt=0)  # between looks for work when there is none
    listen: bool = True  # False behind a pooler that cannot LISTEN: polling alone does it too
    grace_s: float = Field(default=20.0, ge=0)  # SIGTERM: time to finish what is held
    cancel_grace_s: float = Field(default=3.0, ge=0)  # a stopped item's actor is then killed
    temp_folder: Path
    trace_path: Path | None = None
    metrics: str = Field(default="", pattern=r"^$|^[^/\s]+:\d{1,5}$")  # host:port; "" = none
    ray_address: str = ""  # "" = a local Ray of our own
    ray_working_dir: Path | None = None  # development: code that is sent to the cluster
    object_store_bytes: int = Field(default=256 << 20, ge=80 << 20)
    # Fetched media that outlive a failed attempt, on each node; gone with the item's end.
    keep_bytes: int = Field(default=1 << 30, ge=0)
    free_memory_bytes: int = Field(default=0, ge=0)  # nothing is begun with less; 0 = a small share
    allow_local: bool = True  # local folders are sources: the operator's own command line
    environ: Mapping[str, str] = Field(default_factory=dict, repr=False)  # of our own children

    @property
    def n_ahead(self) -> int:
        """Return how many items may be past their preparer at once: scored, or being written."""
        return max(LEAST_AHEAD, self.n_preparers)

    @property
    def beat_s(self) -> float:
        """Return the seconds between renewals: three fit into a lease, with room for a slow one."""
        return self.lease_s / 4

    @property
    def claim_rules(self) -> ClaimRules:
        """Return who is served next, and how often a host is asked."""
        return ClaimRules(host=HostPace(self.host_rate, self.host_burst))

    @property
    def installation(self) -> str:
        """Return what tells our items from another installation's; nothing secret."""
        url = self.storage.database_url
        return "" if url is None else hashlib.sha256(url.get_secret_value().encode()).hexdigest()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "FleetSettings":
        """Read VERITY_* (see the fields), RAY_ADDRESS, and the storage settings.

        Raises:
            ConfigError: a value has the wrong form; the message names the key and its form.
        """
        storage = StorageSettings.from_env(environ)
        values: dict[str, object] = {
            "storage": storage,
            "n_preparers": _fitting_preparers(),
            "temp_folder": _temp_folder(environ),
            "trace_path": storage.var_folder / "traces" / f"worker-{os.getpid()}.json",
            "ray_address": environ.get("RAY_ADDRESS", ""),
            "jobs": JobsSettings.from_env(environ),
            "environ": dict(environ),
        }
        for key, name in _KEYS.items():
            if environ.get(key):
                values[name] = environ[key]
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(_first_problem(error)) from error


_KEYS = {
    "VERITY_DETECTOR": "detector",
    "VERITY_SEPARATOR": "separator",
    "VERITY_PREPARERS": "n_preparers",
    "VERITY_SCORERS": "n_scorers",
    "VERITY_WRITERS": "n_writers",
    "VERITY_DEVICE": "device",
    "VERITY_SCORE_THREADS": "n_score_threads",
    "VERITY_SCORE_WAIT_S": "score_wait_s",
    "VERITY_SCORE_ROWS": "score_rows",
    "VERITY_LEASE_S": "lease_s",
    "VERITY_HOST_RATE": "host_rate",
    "VERITY_HOST_BURST": "host_burst",
    "VERITY_GRACE_S": "grace_s",
    "VERITY_TRACE": "trace_path",
    "VERITY_METRICS": "metrics",
    "VERITY_LISTEN": "listen",
    "VERITY_RAY_WORKING_DIR": "ray_working_dir",
    "VERITY_OBJECT_STORE_BYTES": "object_store_bytes",
    "VERITY_KEEP_BYTES": "keep_bytes",
    "VERITY_FREE_MEMORY_BYTES": "free_memory_bytes",
}


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where an actor keeps media on whatever node it runs."""

    temp_folder: Path  # the driver's
    may_differ: bool  # on a cluster, a node's own VERITY_TEMP counts more

    def here(self, environ: Mapping[str, str]) -> Path:
        """Return the temp root of the node with this environment."""
        if self.may_differ and environ.get("VERITY_TEMP"):
            return _temp_folder(environ)
        return self.temp_folder


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    field = str(problem["loc"][0]) if problem["loc"] else ""
    key = next((key for key, name in _KEYS.items() if name == field), field)
    return f"{key}: {problem['msg']}."


def _fitting_preparers() -> int:
    """Return how many preparers this machine, or our container, has cores and memory for."""
    by_memory = (memory_room().total_bytes - OTHERS_BYTES) // (PREPARER_BYTES + SHARED_BYTES)
    return max(1, min(count_cores(), by_memory, MOST_LOCAL_PREPARERS))


def _temp_folder(environ: Mapping[str, str]) -> Path:
    named = environ.get("VERITY_TEMP", "")
    if named:
        return Path(named).expanduser().resolve()
    return Path(tempfile.gettempdir()) / f"verity-{os.geteuid()}"
