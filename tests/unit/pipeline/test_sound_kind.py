"""The names of sounds without voice, and the flags of a segment's sound."""

import numpy as np
import pytest

from pipeline.sound_kind import name_sound, quality_flags
from pipeline.vocabulary import FloatArray, Quality, Reason
from tests.makers import noise, silence, square_wave, tone

RATE = 16_000
SECONDS = np.arange(RATE) / RATE


def dial_tone() -> FloatArray:
    wave = np.sin(2 * np.pi * 350 * SECONDS) + np.sin(2 * np.pi * 440 * SECONDS)
    return (0.2 * wave).astype(np.float32)


def chord() -> FloatArray:
    notes = [f * k for f in (220.0, 277.2, 329.6, 440.0) for k in range(1, 8)]
    wave = sum(np.sin(2 * np.pi * note * SECONDS + note) / (1 + note / 500) for note in notes)
    return (0.05 * np.asarray(wave)).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (silence(1.0), Reason.SILENCE),
        (np.full(RATE, 0.7, np.float32), Reason.SILENCE),  # DC
        (square_wave(duration_s=1.0), Reason.CLIPPED),
        (tone(duration_s=1.0), Reason.TONE),
        (dial_tone(), Reason.TONE),
        (noise(1, 1.0), Reason.NOISE),
        (chord(), Reason.MUSIC),
    ],
)
def test_a_sound_is_named(samples: FloatArray, reason: Reason) -> None:
    assert name_sound(samples, RATE) is reason
    assert name_sound(samples * np.float32(0.1), RATE) is reason


def test_telephone_band_clipping_and_low_level_are_flagged() -> None:
    wide = noise(2, 1.0)
    spectrum = np.fft.rfft(wide)
    spectrum[3_400:] = 0
    narrow = np.fft.irfft(spectrum).astype(np.float32)
    loud = np.clip(20 * wide, -1, 1)
    quiet = (1e-3 * wide).astype(np.float32)
    flags = quality_flags(np.stack([wide, narrow, loud, quiet]), RATE)
    expected = [0, int(Quality.NARROW_BAND), int(Quality.CLIPPING), int(Quality.LOW_LEVEL)]
    assert flags.tolist() == expected
