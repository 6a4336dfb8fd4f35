"""What people ask for and what workers hold: JobSpec from outside, frozen values inside."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from jobs.retry import RetryDecision, Tries
from jobs.source_options import SourceOptions
from pipeline.vocabulary import AnalysisOptions, Failure, MediaReport
from storage.states import AttemptEnd, ItemKind, ItemState, JobState, Priority

__all__ = [
    "Attempt",
    "AttemptEnd",
    "Beat",
    "BeatReply",
    "ItemClaim",
    "ItemKind",
    "ItemResult",
    "ItemState",
    "ItemStatus",
    "Job",
    "JobCounts",
    "JobSpec",
    "JobState",
    "NewItem",
    "Priority",
    "ReportFile",
    "RetryDecision",
    "Tries",
]

MAX_SOURCES = 1000  # of one job; longer lists come as a .txt or .csv source
MAX_SOURCE_CHARS = 4096  # longer than any URL that servers take
MAX_NAME_CHARS = 200


class JobSpec(BaseModel):
    """A request from outside: what to analyse, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_SOURCES)]
    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)] = ""
    priority: Priority = Priority.BATCH
    options: AnalysisOptions = AnalysisOptions()
    max_running: Annotated[int | None, Field(ge=1, le=1_000_000)] = None  # items at once
    source_options: SourceOptions = SourceOptions()  # what of the sources, and how they are asked
    fresh: bool = False  # analyse anew what the account has analysed before
    # days that media and reports are kept, 0: no media; None: as the installation says
    keep_media_days: Annotated[int | None, Field(ge=0, le=36_500)] = None
    keep_report_days: Annotated[int | None, Field(ge=1, le=36_500)] = None
    # SHA-256 of the detector that listens; "": whichever the worker runs. Written down only where one
    # is named: servers and workers from before there were such jobs read the sweeps of this one
    detector: Annotated[str, Field(exclude_if=lambda named: not named)] = ""

    @field_validator("sources")
    @classmethod
    def _sources_say_something(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        for number, source in enumerate(sources, start=1):
            if not source.strip():
                raise ValueError(f"source {number} is empty")
            if len(source) > MAX_SOURCE_CHARS:
                raise ValueError(f"source {number} has more than {MAX_SOURCE_CHARS} characters")
        return sources

    @field_validator("options")
    @classmethod
    def _options_are_in_range(cls, options: AnalysisOptions) -> AnalysisOptions:
        if not 0.25 <= options.hop_s <= 1.0:
            raise ValueError("hop_s lies between 0.25 and 1 second")
        if not options.block_s >= 1.0:
            raise ValueError("block_s is at least 1 second")
        if not options.max_duration_s > 0 or options.max_channels < 1:
            raise ValueError("max_duration_s and max_channels are positive")
        return options


@dataclass(frozen=True, slots=True)
class NewItem:
    """One medium that a listing found."""

    source_uri: str  # what `fetch` takes, and what people are shown
    title: str  # as the source names it: untrusted text
    source_key: str  # the same medium of the same source gives the same key, page after page
    facts: dict[str, str] = field(default_factory=dict)  # ETag, size, guid: what fetch must pin


@dataclass(frozen=True, slots=True)
class ItemClaim:
    """A worker's hold on one item; the fence makes writes of a late attempt fail."""

    item_id: str
    job_id: str
    job_name: str
    requested_at: datetime  # when the job was
    account_id: str
    kind: ItemKind
    source_uri: str
    title: str
    source_key: str
    facts: dict[str, str]
    attempt: int  # 1 for the first
    fence: int
    worker_id: str
    lease_s: float  # heartbeat at least three times as often
    lease_until: datetime  # the database's clock
    options: AnalysisOptions
    tries: Tries  # what went wrong before; `tries.is_alone`: run it in a process of its own
    cursor: str = ""  # a listing: where the attempt before stopped
    owed: Failure | None = None  # the item is given up: only the report that says so is missing
    host: str = ""  # that is asked for it, as far as hosts have limits
    priority: Priority = Priority.BATCH  # its job's
    sealed: dict[str, bytes] = field(default_factory=dict, repr=False)  # cookies, proxy: by id
    may_reuse: bool = True  # an earlier analysis of the same bytes in the account will do
    keep_media_days: int | None = None  # the job's rule; None: as the installation says
    detector: str = ""  # SHA-256 of the one that was asked for; "": the worker's own


@dataclass(frozen=True, slots=True)
class Beat:
    """One claim's sign of life."""

    claim: ItemClaim
    stage: str
    progress: float = 0.0  # 0 to 1, of the stage
    cursor: str | None = None  # a listing: everything before it is stored
    provisional: str | None = None  # what is shown meanwhile (`jobs.provisional`); None: as before


@dataclass(frozen=True, slots=True)
class BeatReply:
    """What the queue knows about held items; ids that are in no set go on."""

    lost: frozenset[str]  # reclaimed or ended: stop, whatever is written is refused
    cancelled: frozenset[str]  # stop, then `fail(..., cause=CANCELLED)`
    paused: frozenset[str]  # `release` at the next convenient point


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A rendered report in the object store."""

    kind: str  # `json`, `pdf` or `csv`
    key: str  # account/sha256
    sha256: str
    size_bytes: int
    file_name: str  # offered at download
    content_type: str


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What `finish` writes in one transaction."""

    report: MediaReport
    document: bytes  # the report as JSON, UTF-8
    findings_sha256: str
    files: tuple[ReportFile, ...]  # put with `storage.kept_objects.put_object` before
    basis_sha256: str = ""  # over what the numbers rest on beside the bytes; "": never used again
    reused_item_id: int | None = None  # the earlier item whose analysis this is


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many items of a job stand where; successful listings are not counted as items."""

    total: int  # items known so far, and listings that failed
    done: int
    failed: int
    cancelled: int
    running: int
    waiting: int
    listing: int  # sources that are still to be listed


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    job_id: str
    account_id: str
    name: str
    sources: tuple[str, ...]
    priority: Priority
    state: JobState
    is_paused: bool
    counts: JobCounts
    created_at: datetime
    ended_at: datetime | None
    max_running: int | None = None  # items at once; None: as many as the fleet has room for
    is_fresh: bool = False  # nothing that was analysed before is used again

    @property
    def is_over(self) -> bool:
        """Tell whether no item will change any more."""
        counts = self.counts
        return counts.running == counts.waiting == counts.listing == 0


@dataclass(frozen=True, slots=True)
class ItemStatus:
    """One item as a table row shows it."""

    item_id: str
    job_id: str
    kind: ItemKind
    source_uri: str
    title: str
    state: ItemState
    attempt: int
    stage: str
    progress: float
    verdict: str  # a VerdictKind, or "" where there is none
    reason: str
    llr: float | None
    voiced_s: float | None
    error_code: str
    error_message: str
    files: tuple[ReportFile, ...]
    labels: tuple[str, ...] = ()  # that its list gave it
    list_priority: str = ""  # that its list gave it, within its job: live, batch or sweep
    reused_item_id: str = ""  # the earlier item whose analysis the report shows; "" = its own


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one try of an item ended."""

    attempt: int
    worker_id: str
    started_at: datetime | None
    ended_at: datetime
    stage: str
    cause: AttemptEnd
    code: str
    message: str
