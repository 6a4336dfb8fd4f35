"""Degradations keep length and place, and both classes go the same way."""

import numpy as np
import pytest

from pipeline.vocabulary import FloatArray
from training.augment import ChainOdds, add_at_snr, degrade, make_music, narrow
from training.lossy_codecs import HARD_CODECS, WEB_CODECS, Codec, code_together
from training.synthesis.pseudo_spoof import METHODS, pseudo_spoof


def voice_like(seed: int, n_samples: int = 24_000) -> FloatArray:
    """Return pulses through a moving resonance with pauses."""
    random = np.random.default_rng(seed)
    seconds = np.arange(n_samples) / 16_000
    pulses = np.zeros(n_samples)
    pulses[:: 100 + 20 * seed] = 1.0
    shaped = np.convolve(pulses, np.exp(-np.arange(200) / 30) * np.sin(np.arange(200) * 0.3))
    envelope = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * seconds)
    noise = 0.002 * random.standard_normal(n_samples)
    return np.asarray(0.3 * shaped[:n_samples] * envelope + noise, dtype=np.float32)


@pytest.mark.parametrize("codec", [WEB_CODECS[0], WEB_CODECS[7], WEB_CODECS[11], HARD_CODECS[9]])
def test_a_coded_utterance_stays_in_its_place(codec: Codec) -> None:
    utterances = [voice_like(1), voice_like(2)]
    coded = code_together(utterances, codec)
    for before, after in zip(utterances, coded, strict=True):
        assert len(after) == len(before)
        narrow_band = np.corrcoef(np.convolve(before, np.ones(8)), np.convolve(after, np.ones(8)))
        assert narrow_band[0, 1] > 0.7


def test_the_chain_keeps_length_and_is_repeatable() -> None:
    odds = ChainOdds(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    samples = voice_like(3)
    one = degrade(samples, odds, [voice_like(1)], np.random.default_rng(5))
    other = degrade(samples, odds, [voice_like(1)], np.random.default_rng(5))
    assert len(one) == len(samples)
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, other)


def test_noise_has_the_wanted_ratio() -> None:
    samples = voice_like(1).astype(np.float64)
    noise = np.random.default_rng(0).standard_normal(len(samples))
    added = add_at_snr(samples, noise, 10.0) - samples
    assert 10 * np.log10(np.mean(samples**2) / np.mean(added**2)) == pytest.approx(10.0, abs=0.01)


def test_a_narrow_band_has_nothing_above_six_kilohertz() -> None:
    noise = np.random.default_rng(0).standard_normal(16_000)
    power = np.abs(np.fft.rfft(narrow(noise, np.random.default_rng(1)))) ** 2
    assert power[6500:].sum() < 0.01 * power.sum()


def test_music_lasts_as_long_as_asked() -> None:
    music = make_music(20_000, np.random.default_rng(0))
    assert music.shape == (20_000,)
    assert music.std() > 0.0


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_pseudo_spoof_keeps_length_and_is_another_sound(name: str) -> None:
    samples = voice_like(2).astype(np.float64)
    made = METHODS[name](samples, np.random.default_rng(0))
    assert abs(len(made) - len(samples)) < 2000
    assert np.isfinite(made).all()
    n_samples = min(len(made), len(samples))
    assert np.std(made[:n_samples] - samples[:n_samples]) > 1e-4


def test_a_pseudo_spoof_has_the_level_of_its_original() -> None:
    samples = voice_like(2)
    made, name = pseudo_spoof(samples, np.random.default_rng(3))
    assert name in METHODS
    assert len(made) == len(samples)
    assert np.std(made) == pytest.approx(np.std(samples), rel=0.05)
