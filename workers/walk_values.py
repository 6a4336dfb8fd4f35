"""What travels between the driver and its actors while one item walks the path."""

import os
from dataclasses import dataclass

import ray

from pipeline.traces import Machine, SoundPicture
from pipeline.vocabulary import (
    Custody,
    MediaFile,
    SegmentFacts,
)


@dataclass(frozen=True, slots=True)
class StageSpan:
    """One stage of one item, as it ran; wall clock of its machine, seconds since the epoch."""

    stage: str
    started_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Watched:
    """What a preparer noted beside the features, complete once the last batch was made."""

    pictures: tuple[SoundPicture, ...]
    separated_sha256: dict[tuple[int, int], str]  # by track and channel
    machine: Machine


@dataclass(frozen=True, slots=True)
class PreparedHead:
    """What a preparer says with each step; features and sound travel beside it, as references."""

    stage: str  # that the item is in: fetch, probe, survey, prepare
    progress: float = 0.0  # 0 to 1, of the stage
    media: MediaFile | None = None  # once known
    custody: Custody | None = None  # once known
    facts: SegmentFacts | None = None  # of a batch; None: a sign of life without a batch
    watched: Watched | None = None  # with the last head
    spans: tuple[StageSpan, ...] = ()  # stages that ended since the last head


@dataclass(frozen=True, slots=True)
class ActorFacts:
    """Where an actor runs."""

    process_id: int
    node_id: str


def here() -> ActorFacts:
    """Return where this process runs."""
    return ActorFacts(os.getpid(), str(ray.get_runtime_context().get_node_id()))
