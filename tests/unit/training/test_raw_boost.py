"""RawBoost's three noises, and the steps of the chain that are off unless a plan wants them."""

import logging

import numpy as np
import pytest

from pipeline.vocabulary import FloatArray
from tests.makers import speech_like
from training.augment import ChainOdds, degrade, resample, set_loudness
from training.lossy_codecs import TELEPHONE_CODECS, Codec, code_together, runnable
from training.raw_boost import (
    SERIES,
    RawBoostConfig,
    Signal,
    convolutive_noise,
    filtered,
    impulsive_noise,
    notch_filter,
    raw_boost,
    stationary_noise,
)

HERE = runnable(TELEPHONE_CODECS)


@pytest.fixture(scope="module")
def speech() -> Signal:
    return speech_like(3, 1.5).astype(np.float64)


def random_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_impulses_hit_at_most_a_tenth_and_at_most_triple_a_sample(speech: Signal) -> None:
    quiet = 0.3 * speech
    made = impulsive_noise(quiet, random_of(1))
    hit = made != quiet
    assert 0 < hit.mean() <= 0.1
    assert np.all(np.abs(made - quiet) <= 2.0 * np.abs(quiet) + 1e-12)


def test_stationary_noise_is_10_to_40_db_under_the_signal(speech: Signal) -> None:
    for seed in range(5):
        noise = stationary_noise(speech, random_of(seed)) - speech
        snr_db = 10 * np.log10(np.sum(speech**2) / np.sum(noise**2))
        assert 10.0 <= snr_db <= 40.0


def test_a_notch_filter_has_the_wanted_highest_gain_and_is_symmetric() -> None:
    taps = notch_filter(random_of(2), RawBoostConfig(), -6.0)
    response = np.abs(np.fft.rfft(taps, 8192))
    assert 20 * np.log10(response.max()) == pytest.approx(-6.0, abs=0.3)
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-12)


def test_a_filtered_impulse_stays_in_its_place() -> None:
    impulse = np.zeros(2000)
    impulse[1000] = 1.0
    taps = notch_filter(random_of(2), RawBoostConfig(), 0.0)
    assert int(np.argmax(np.abs(filtered(impulse, taps)))) == 1000


def test_without_higher_powers_the_convolutive_noise_is_linear(speech: Signal) -> None:
    linear = RawBoostConfig(n_orders=1)
    one = convolutive_noise(0.1 * speech, random_of(4), linear)
    other = convolutive_noise(0.2 * speech, random_of(4), linear)
    np.testing.assert_allclose(2 * one, other, atol=1e-9)


def test_higher_powers_make_overtones() -> None:
    tone = 0.9 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    power = np.abs(np.fft.rfft(convolutive_noise(tone, random_of(5)))) ** 2
    assert power[880] > 1e-5 * power[440]
    assert power[1320] > 1e-5 * power[440]


def test_every_series_keeps_length_and_full_scale(speech: Signal) -> None:
    assert len(SERIES) == 7
    for seed in range(12):
        made = raw_boost(speech, random_of(seed))
        assert made.shape == speech.shape
        assert np.isfinite(made).all()
        assert np.abs(made).max() < 1.5  # stationary noise comes last and may add to a peak


@pytest.mark.parametrize("samples", [np.zeros(16_000), np.zeros(0), np.full(3, 1e-30)])
def test_silence_and_nothing_are_no_error(samples: Signal) -> None:
    for seed in range(6):
        assert raw_boost(samples, random_of(seed)).shape == samples.shape
    assert set_loudness(samples, -20.0).shape == samples.shape


def test_the_new_steps_draw_nothing_from_the_chain_that_is_there() -> None:
    samples = speech_like(1, 1.0)
    states = []
    for odds in (ChainOdds(), ChainOdds(raw_boost=1.0, resampling=1.0, loudness=1.0)):
        random = random_of(7)
        made = degrade(samples, odds, [samples], random)
        assert made.shape == samples.shape
        assert np.isfinite(made).all()
        states.append(random.random())
    assert states[0] == states[1]


def test_the_new_steps_change_the_sound_and_are_repeatable() -> None:
    samples = speech_like(1, 1.0)
    none = ChainOdds(0, 0, 0, 0, 0, 0)
    np.testing.assert_array_equal(degrade(samples, none, [], random_of(7)), samples)
    for odds in (
        ChainOdds(0, 0, 0, 0, 0, 0, raw_boost=1.0),
        ChainOdds(0, 0, 0, 0, 0, 0, resampling=1.0),
        ChainOdds(0, 0, 0, 0, 0, 0, loudness=1.0),
    ):
        one, other = (degrade(samples, odds, [], random_of(7)) for _ in range(2))
        np.testing.assert_array_equal(one, other)
        assert not np.array_equal(one, samples)


def test_resampling_keeps_length_place_and_the_low_band(speech: Signal) -> None:
    for seed in range(8):
        made = resample(speech, random_of(seed))
        assert made.shape == speech.shape
        assert np.corrcoef(made, speech)[0, 1] > 0.9


def test_loudness_is_reached_unless_the_peak_forbids(speech: Signal) -> None:
    soft, louder = set_loudness(speech, -40.0), set_loudness(speech, -34.0)
    assert 20 * np.log10(np.std(louder) / np.std(soft)) == pytest.approx(6.0, abs=0.1)
    assert np.abs(set_loudness(speech, 20.0)).max() <= 1.0
    np.testing.assert_array_equal(soft * 32768, np.round(soft * 32768))


@pytest.mark.parametrize("codec", HERE, ids=lambda codec: codec.name)
def test_speech_through_a_telephone_codec_stays_in_its_place(codec: Codec) -> None:
    utterances = [speech_like(1, 1.0), speech_like(2, 1.2)]
    for before, after in zip(utterances, code_together(utterances, codec), strict=True):
        assert after.shape == before.shape
        assert _low_band_correlation(before, after) > 0.5


def test_gsm_is_among_the_telephone_codecs_that_run_here() -> None:
    assert {"gsm", "g722", "g711-mu", "g711-a"} <= {codec.name for codec in HERE}


def test_a_codec_that_nothing_here_encodes_is_skipped_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    missing = Codec("melodeon-9", ".mel", ("-c:a", "libmelodeon"))
    with caplog.at_level(logging.WARNING):
        assert runnable((missing, TELEPHONE_CODECS[0])) == (TELEPHONE_CODECS[0],)
    assert "melodeon-9 is skipped" in caplog.text


def _low_band_correlation(before: FloatArray, after: FloatArray) -> float:
    """Return the correlation of the two below about 1 kHz."""
    smooth = np.hanning(16)
    return float(np.corrcoef(np.convolve(before, smooth), np.convolve(after, smooth))[0, 1])
