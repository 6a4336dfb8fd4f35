"""The constant offset of a channel: found where it is one, and left alone where it is not."""

import numpy as np
import pytest

from pipeline.channels import ChannelComparison
from pipeline.vocabulary import FloatArray
from tests.makers import SAMPLE_RATE, noise, silence, tone


def offset_of(samples: FloatArray) -> float:
    """Return the offset of one channel whose samples came in odd pieces."""
    comparison = ChannelComparison(1, SAMPLE_RATE)
    for first in range(0, len(samples), 7_001):
        comparison.add(samples[first : first + 7_001, None])
    comparison.use(1)
    return comparison.offsets()[0]


@pytest.mark.parametrize("offset", [0.1, -0.3])
def test_a_constant_offset_is_found(offset: float) -> None:
    sound = noise(1, 3.5, 0.05) + np.float32(offset)
    assert offset_of(sound) == pytest.approx(offset, abs=1e-3)


@pytest.mark.parametrize(
    "sound",
    [
        silence(3.0),
        tone(duration_s=3.0),
        noise(2, 3.0),
        tone(duration_s=3.0) + np.float32(0.01),  # too little to matter
        np.concatenate([silence(2.0), silence(2.0) + np.float32(0.9)]),  # a stretch of DC
        silence(0.5) + np.float32(0.3),  # under a second says nothing
    ],
    ids=["silence", "tone", "noise", "little", "stretch", "short"],
)
def test_what_is_no_constant_offset_is_left_alone(sound: FloatArray) -> None:
    assert offset_of(sound.astype(np.float32)) == 0.0


def test_each_channel_has_an_offset_of_its_own() -> None:
    comparison = ChannelComparison(2, SAMPLE_RATE)
    sound = noise(3, 2.0, 0.02)
    comparison.add(np.stack([sound, sound + np.float32(0.2)], axis=1))
    comparison.use(2)
    assert comparison.offsets() == pytest.approx((0.0, 0.2), abs=1e-3)
