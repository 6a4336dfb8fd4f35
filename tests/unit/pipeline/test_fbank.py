"""The filter-bank front end against Kaldi's definition, written out, and what it must leave behind."""

import math

import numpy as np
import numpy.typing as npt

from pipeline.frontends import compute
from pipeline.frontends.fbank import FbankConfig, fbank

SAMPLE_RATE = 16_000


def speech_like(seed: int) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(seed)
    pulses = np.zeros(SAMPLE_RATE)
    pulses[::130] = 1.0
    sound = np.convolve(pulses, np.exp(-np.arange(200) / 30), "same")
    return np.asarray(0.1 * sound + 0.003 * random.standard_normal(SAMPLE_RATE), dtype=np.float32)


def kaldi_frame(samples: npt.NDArray[np.float64], frame: int) -> list[float]:
    """Return the log mel energies of one frame as Kaldi's documents define them, by plain loops."""
    piece = [float(value) for value in samples[frame * 160 : frame * 160 + 400]]
    mean = sum(piece) / 400
    piece = [value - mean for value in piece]
    shaped = [piece[0] - 0.97 * piece[0]]
    shaped += [piece[i] - 0.97 * piece[i - 1] for i in range(1, 400)]
    shaped = [
        value * (0.5 - 0.5 * math.cos(2 * math.pi * i / 399)) ** 0.85
        for i, value in enumerate(shaped)
    ]
    power = np.abs(np.fft.rfft(np.array(shaped), 512)) ** 2

    def mel(hertz: float) -> float:
        return 1127.0 * math.log(1.0 + hertz / 700.0)

    step = (mel(8000.0) - mel(20.0)) / 81
    energies = []
    for band in range(80):
        left, middle, right = (mel(20.0) + (band + k) * step for k in range(3))
        energy = 0.0
        for k in range(257):
            place = mel(k * SAMPLE_RATE / 512)
            if left < place < right:
                rising, falling = (place - left) / step, (right - place) / step
                energy += power[k] * (rising if place <= middle else falling)
        energies.append(math.log(max(energy, 1.1920929e-07)))
    return energies


def test_frames_are_kaldis() -> None:
    samples = speech_like(0)
    config = FbankConfig()
    levelled = samples.astype(np.float64) - samples.mean(dtype=np.float64)
    levelled *= 32_768 * config.target_rms / np.sqrt(np.mean(levelled**2))
    expected = np.array([kaldi_frame(levelled, frame) for frame in range(98)])

    values = fbank(samples[None], config)[0]

    assert values.shape == (98, 80)
    np.testing.assert_allclose(values, expected - expected.mean(axis=0), atol=2e-3)


def test_level_and_equaliser_leave_nothing_behind() -> None:
    samples = speech_like(1)
    louder = compute("fbank", {}, np.stack([samples, 0.01 * samples]))
    np.testing.assert_allclose(louder[0], louder[1], atol=1e-3)
    np.testing.assert_allclose(louder.mean(axis=1), 0.0, atol=1e-4)


def test_silence_has_finite_values() -> None:
    assert np.isfinite(compute("fbank", {}, np.zeros((2, SAMPLE_RATE), dtype=np.float32))).all()
