"""Tests of copy engines: length, level, nearness, repeatability; nets at tiny training budgets."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.signal

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray
from tests.makers import speech_like
from training.synthesis.engines import Signal, make_copy, seed_of
from training.synthesis.registry import BY_NAME_ONLY, ENGINES, choose_engines

FREE = ("griffinlim",)  # needs nothing but what the product needs
WORLD = ("world", "world-statistical", "world-conversion")
NEAR_DB = 12.0  # mean distance of log spectra that a copy of the same words keeps


def _log_spectrum_db(samples: FloatArray) -> np.ndarray:
    """Return smoothed log spectra, (n_bins, n_frames), in dB above 60 dB under the loudest."""
    _, _, spectrum = scipy.signal.stft(samples, nperseg=512)
    power = np.abs(spectrum) ** 2
    power = scipy.signal.convolve2d(power, np.ones((16, 1)) / 16, "same")
    return np.asarray(10 * np.log10(power + power.max() * 1e-6))


def _copy(name: str, samples: FloatArray, seed: int) -> FloatArray:
    copy = ENGINES[name].load(Path("nowhere"))
    return make_copy(samples, copy, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def speech() -> FloatArray:
    return speech_like(3, 1.5)


@pytest.mark.parametrize("name", [*FREE, *WORLD])
def test_a_copy_keeps_length_and_level_and_is_another_sound(name: str, speech: FloatArray) -> None:
    if name in WORLD:
        _import_pyworld()
    made = _copy(name, speech, 1)
    assert made.shape == speech.shape
    assert np.isfinite(made).all()
    level_db = 20 * np.log10(np.std(made) / np.std(speech))
    assert -1.5 < level_db < 0.1  # a copy whose peak would clip is turned down
    assert np.corrcoef(made, speech)[0, 1] < 0.999


@pytest.mark.parametrize("name", ["griffinlim", "world"])
def test_a_plain_copy_has_nearly_the_same_spectrum(name: str, speech: FloatArray) -> None:
    if name in WORLD:
        _import_pyworld()
    distance = np.abs(_log_spectrum_db(_copy(name, speech, 2)) - _log_spectrum_db(speech)).mean()
    assert distance < NEAR_DB


def test_the_same_seed_makes_the_same_copy(speech: FloatArray) -> None:
    assert np.array_equal(_copy("griffinlim", speech, 4), _copy("griffinlim", speech, 4))
    assert not np.array_equal(_copy("griffinlim", speech, 4), _copy("griffinlim", speech, 5))


def test_codec2_keeps_the_length_of_what_it_codes(speech: FloatArray) -> None:
    pytest.importorskip("pycodec2", reason="needs pycodec2, which training can do without")
    made = _copy("codec2", speech, 1)
    assert made.shape == speech.shape


def test_seeds_differ_by_engine_and_utterance() -> None:
    seeds = {seed_of(engine, clip, 0) for engine in ("a", "b") for clip in ("x", "y")}
    assert len(seeds) == 4
    assert seed_of("a", "x", 0) == seed_of("a", "x", 0)


def test_an_engine_that_makes_silence_is_refused(speech: FloatArray) -> None:
    def silent(samples: Signal, _random: np.random.Generator) -> Signal:
        return np.zeros_like(samples)

    with pytest.raises(InputError, match="silence"):
        make_copy(speech, silent, np.random.default_rng(0))


def test_a_short_answer_of_an_engine_is_filled_up(speech: FloatArray) -> None:
    def hasty(samples: Signal, _random: np.random.Generator) -> Signal:
        return samples[: len(samples) // 2]

    assert make_copy(speech, hasty, np.random.default_rng(0)).shape == speech.shape


def test_closed_systems_run_only_when_asked_for_by_name() -> None:
    assert not BY_NAME_ONLY & {engine.name for engine in choose_engines(())}
    assert [engine.name for engine in choose_engines(("griffinlim",))] == ["griffinlim"]


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(InputError, match="no engine melodeon"):
        choose_engines(("world", "melodeon"))


def _import_pyworld() -> None:
    """Skip where WORLD is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("pyworld", exc_type=ImportError)
