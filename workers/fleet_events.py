"""What a fleet tells whoever watches it, and what it says when it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from jobs.spec import ItemClaim


class FleetEventKind(StrEnum):
    """What happened."""

    READY = "ready"  # actors are up, claiming begins
    STARTED = "started"  # an item was claimed
    DONE = "done"  # it has a verdict, or a source is listed
    FAILED = "failed"  # for good, with a report
    RETRYING = "retrying"  # this attempt failed, there will be another
    CANCELLED = "cancelled"
    GIVEN_BACK = "given_back"  # unharmed: this worker ends, or the job is paused
    LOST = "lost"  # another worker owns the item; nothing was changed
    OUTAGE = "outage"  # the database is away, or disk or memory are short; held items go on
    BACK = "back"  # that is over
    LEAVING = "leaving"  # no new items are claimed


@dataclass(frozen=True, slots=True)
class FleetEvent:
    """One thing that happened."""

    kind: FleetEventKind
    claim: ItemClaim | None = None
    stage: str = ""
    text: str = ""  # a verdict, an error message, seconds until the next try
    cause: str = ""  # how an attempt ended badly: an AttemptEnd
    code: str = ""  # its error's
    timings_s: Mapping[str, float] = field(default_factory=dict)  # of its stages
    duration_s: float = 0.0  # of the sound that was analysed


OnFleetEvent: TypeAlias = Callable[[FleetEvent], None]


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """What this worker did in its life; other workers' items are not in it."""

    n_done: int = 0  # media with a verdict
    n_listed: int = 0  # sources
    n_failed: int = 0  # items and sources, for good
    n_retried: int = 0  # attempts that will be followed by another
    n_cancelled: int = 0
    n_given_back: int = 0
    n_lost: int = 0  # attempts that came too late, or were not worth ending
    is_idle: bool = False  # it ended because there was nothing left to do
