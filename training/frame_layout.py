"""The frame layout: what a cached frame of the phase front end holds, and how a segment lies in it."""

from dataclasses import dataclass

import numpy as np

from pipeline.frontends.phase import (
    N_PHASE_VALUES,
    PhaseConfig,
    level_and_floor,
    phase_frames,
)
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """The frames of whole utterances."""

    n_frames: int  # of a segment
    frames_a_second: int
    first_frame: int  # of a segment that starts with the utterance
    n_phase_values: int  # values before the log power, which is relative to a segment's mean
    blocks: tuple[tuple[int, int], ...]  # values that belong together
    quiet_power: float  # mean band power under which a training crop is drawn again


PHASE = FrameLayout(
    n_frames=112,
    frames_a_second=125,
    first_frame=3,  # the front end takes the middle 112 of a segment's 118 frames
    n_phase_values=N_PHASE_VALUES,
    blocks=((0, 28), (28, 56), (56, 112), (112, 140), (140, 168), (168, 238)),
    quiet_power=0.03,  # an utterance has about 1
)


def frames_of(samples: FloatArray) -> FloatArray:
    """Return every frame of an utterance, log power not yet relative, (n_frames, n_values)."""
    levelled = level_and_floor(samples[None], PhaseConfig())
    return np.asarray(phase_frames(levelled, PhaseConfig())[0])
