"""What a sweep is, from outside (`SweepSpec`) and as it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from jobs.schedule import Schedule, parse_schedule
from jobs.spec import MAX_NAME_CHARS, JobSpec


class SweepSpec(BaseModel):
    """A request from outside: which job, and when again and again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str
    timezone: str = "UTC"
    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""
    job: JobSpec

    @property
    def schedule(self) -> Schedule:
        """Return the checked schedule.

        Raises:
            InputError: the cron line or the time zone is wrong.
        """
        return parse_schedule(self.cron, self.timezone)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep as it stands."""

    sweep_id: str
    account_id: str
    name: str
    schedule: Schedule
    job: JobSpec
    created_at: datetime
    is_paused: bool
    next_at: datetime  # UTC; of a paused sweep: when it would have come
    key_id: str | None = None  # that made it: its items count for that key too


@dataclass(frozen=True, slots=True)
class SweepRun:
    """What became of one tick."""

    run_id: str
    sweep_id: str
    due_at: datetime  # UTC
    n_missed: int  # ticks before it that no scheduler was there for
    job_id: str | None  # None: left out, since the run before was not over
    digest: dict[str, Any] | None  # `jobs.digest.Digest` as JSON, once the job is over
