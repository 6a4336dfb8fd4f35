"""Stretches that stand off zero: found, taken out there, and everything else left as it is."""

import numpy as np
import pytest

from pipeline.offsets import CELL_S, OffsetFinder, level_stretches
from pipeline.vocabulary import FloatArray, WaveformBlock
from tests.makers import SAMPLE_RATE, music, noise, silence, speech_like, tone


def stretches_of(samples: FloatArray, piece: int = 7_001) -> tuple[tuple[float, float], ...]:
    """Return the stretches of one channel whose samples came in odd pieces."""
    finder = OffsetFinder(1, SAMPLE_RATE)
    for first in range(0, len(samples), piece):
        finder.add(samples[first : first + piece, None])
    (found,) = finder.stretches()
    return found


def levelled(
    samples: FloatArray, stretches: tuple[tuple[float, float], ...], n_block: int
) -> FloatArray:
    """Return the samples after `level_stretches`, in blocks of a length."""
    blocks = (
        WaveformBlock(samples[first : first + n_block], SAMPLE_RATE, first / SAMPLE_RATE, 0, 0)
        for first in range(0, len(samples), n_block)
    )
    return np.concatenate([block.samples for block in level_stretches(blocks, stretches)])


def shifted(level: float) -> FloatArray:
    """Return six seconds of speech of which the third stands off zero."""
    sound = (0.3 * speech_like(1, 6.0)).astype(np.float32)
    sound[2 * SAMPLE_RATE : 3 * SAMPLE_RATE] += np.float32(level)
    return sound


@pytest.mark.parametrize("level", [0.4, -0.6])
@pytest.mark.parametrize("piece", [160, 7_001, 96_000])
def test_a_stretch_is_found_however_its_samples_come(level: float, piece: int) -> None:
    ((start_s, end_s),) = stretches_of(shifted(level), piece)
    assert 2.0 - 3 * CELL_S <= start_s <= 2.0
    assert 3.0 <= end_s <= 3.0 + 3 * CELL_S


@pytest.mark.parametrize(
    "sound",
    [
        silence(3.0),
        tone(duration_s=3.0),
        tone(30.0, 3.0, 0.9),
        noise(2, 3.0),
        music(3, 6.0),
        speech_like(5, 6.0),
        speech_like(6, 6.0) + np.float32(0.02),  # too little to hide a voice
        np.pad(np.full(2_000, 0.9, np.float32), SAMPLE_RATE),  # a bump of an eighth of a second
    ],
    ids=["silence", "tone", "deep tone", "noise", "music", "speech", "little", "bump"],
)
def test_sound_that_stands_on_zero_has_none(sound: FloatArray) -> None:
    assert stretches_of(sound.astype(np.float32)) == ()


def test_what_lies_outside_stays_to_the_last_bit_and_block_lengths_change_nothing() -> None:
    sound = shifted(0.5)
    stretches = stretches_of(sound)
    ((start_s, end_s),) = stretches
    first, last = round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
    whole = levelled(sound, stretches, len(sound))
    assert np.array_equal(whole[:first], sound[:first])
    assert np.array_equal(whole[last:], sound[last:])
    inner = whole[first + SAMPLE_RATE // 2 : last - SAMPLE_RATE // 2]
    assert abs(float(inner.mean())) < 0.01
    for n_block in (1_000, 16_000, 33_333):
        assert np.array_equal(levelled(sound, stretches, n_block), whole)


def test_the_voice_upon_a_stretch_stays() -> None:
    plain = (0.3 * speech_like(1, 6.0)).astype(np.float32)
    sound = shifted(0.5)
    whole = levelled(sound, stretches_of(sound), 16_000)
    inside = slice(round(2.2 * SAMPLE_RATE), round(2.8 * SAMPLE_RATE))
    assert np.corrcoef(whole[inside], plain[inside])[0, 1] > 0.97


def test_samples_that_are_no_numbers_stay_so_and_harm_no_others() -> None:
    sound = shifted(0.5)
    sound[2 * SAMPLE_RATE + 5_000] = np.nan
    whole = levelled(sound, ((1.8, 3.2),), 16_000)
    assert np.flatnonzero(np.isnan(whole)).tolist() == [2 * SAMPLE_RATE + 5_000]


def test_a_file_made_of_steps_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.offsets.MOST_STRETCHES", 5)
    steps = np.tile(np.repeat(np.array([0.9, 0.0], np.float32), SAMPLE_RATE // 2), 20)
    assert len(stretches_of(steps)) == 5
