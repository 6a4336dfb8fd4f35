"""What is noted beside the numbers while the sound goes by: pictures, sounds, steps, machines.

For people who read or repeat an analysis; nothing here is part of its findings.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LevelArray: TypeAlias = NDArray[np.uint8]
SoundArray: TypeAlias = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class SoundPicture:
    """A spectrogram of a stretch of one channel: for the eye, no part of the findings."""

    track: int
    channel: int
    start_s: float  # on the axis of decoded samples
    end_s: float
    max_hz: float  # upper edge of the highest band; the lowest begins at 0
    range_db: float  # level 255 is the loudest cell, level 0 this much or more below it
    levels: LevelArray  # (n_bands, n_columns), lowest band first
    peaks: LevelArray  # (n_columns,), the largest sample of each column; 255 = full scale


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """One of the segments that speak most clearly, with its sound as the detector had it."""

    row: int  # in `SegmentScores`
    start_s: float
    sample_rate: int
    samples: SoundArray  # (segment_samples,)
    picture: SoundPicture
    # (n_parts,) how far the LLR moves with each part of the second hidden; None: was not asked for
    llr_changes: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class DerivationStep:
    """A step from bytes to bytes on the way to the findings, so that it can be repeated."""

    step: str  # fetch, probe, decode, separate, analyse
    tool: str  # and its version
    command: str  # as it ran, without paths and secrets; "" = no program of its own
    output: str  # what came out, such as `float32 samples of track 1`
    input_sha256: str = ""
    output_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a part of the analysis ran on; nothing that tells which machine it was."""

    stages: str  # such as `prepare` or `score`
    system: str
    processor: str
    n_cores: int
    gpu: str = ""  # "" = none seen
    runtime: str = ""  # Python and its build


@dataclass(frozen=True, slots=True)
class Traces:
    """What was noted beside the numbers while the sound went by."""

    pictures: tuple[SoundPicture, ...] = ()  # one a channel
    heard: tuple[HeardSegment, ...] = ()  # the segments that speak most clearly
    derivation: tuple[DerivationStep, ...] = ()
    machines: tuple[Machine, ...] = ()
