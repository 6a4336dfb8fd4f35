"""Quality terms say what was done to a sound, and help a calibration only where they can."""

import numpy as np
import pytest

from pipeline.vocabulary import FloatArray
from training.calibration import balanced_weights, fit_affine
from training.metrics import cllr
from training.quality import (
    TERM_NAMES,
    bandwidth_khz,
    fit_quality,
    holes_share,
    measure_quality,
    snr_db,
    stft_power,
)

SAMPLE_RATE = 16_000


def bursts(noise_db: float) -> FloatArray:
    """Return white bursts, a quarter of a second on and off, over a noise floor."""
    random = np.random.default_rng(0)
    on = (np.arange(4 * SAMPLE_RATE) // (SAMPLE_RATE // 4)) % 2
    floor = 10 ** (noise_db / 20) * random.standard_normal(len(on))
    return (0.1 * (on * random.standard_normal(len(on)) + floor)).astype(np.float32)


@pytest.mark.parametrize("noise_db", [-40.0, -20.0, -10.0])
def test_snr_is_the_height_of_speech_over_what_lies_between(noise_db: float) -> None:
    assert snr_db(stft_power(bursts(noise_db))) == pytest.approx(-noise_db, abs=3)


@pytest.mark.parametrize("cut_hz", [3_400, 5_500, 7_000])
def test_bandwidth_is_where_a_low_pass_cuts(cut_hz: int) -> None:
    spectrum = np.fft.rfft(bursts(-30.0))
    spectrum[int(cut_hz / SAMPLE_RATE * 4 * SAMPLE_RATE) :] = 0
    sound = np.fft.irfft(spectrum).astype(np.float32)
    assert bandwidth_khz(stft_power(sound)) == pytest.approx(
        cut_hz / 1000, abs=0.2
    )  # a window spreads 6 bins


def test_emptied_cells_are_holes_and_noise_has_next_to_none() -> None:
    power = stft_power(bursts(0.0))
    emptied = power.copy()
    emptied[120:230][np.random.default_rng(1).random((110, power.shape[1])) < 0.2] = 1e-12
    assert holes_share(power) < 0.01
    assert holes_share(emptied) > 0.1


def test_the_terms_do_not_depend_on_the_level() -> None:
    sound = bursts(-20.0)
    quiet = (0.1 * sound).astype(np.float32)
    assert measure_quality(quiet).tolist() == pytest.approx(
        measure_quality(sound).tolist(), rel=0.05
    )
    assert measure_quality(sound, voiced_s=2.5)[TERM_NAMES.index("voiced_s")] == 2.5


def test_sound_shorter_than_a_window_has_terms_too() -> None:
    assert np.isfinite(measure_quality(np.ones(100, dtype=np.float32))).all()


def noisy_scores(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores that are worth twice as much where the one term is 1 as where it is 0."""
    random = np.random.default_rng(3)
    genuine = np.arange(n) % 2 == 0
    term = random.integers(0, 2, n).astype(np.float64)
    score = np.where(genuine, 1.0, -1.0) + random.normal(0, 1, n) * np.where(term == 1, 0.7, 2.0)
    return score, term[:, None], genuine


def test_a_term_that_tells_how_far_to_trust_a_score_lowers_the_cost() -> None:
    score, terms, genuine = noisy_scores(4_000)
    weights = balanced_weights(genuine, genuine.astype(np.str_))
    plain = fit_affine(score, genuine, weights)(score)
    aware = fit_quality(score, terms, genuine, weights)(score, terms)
    gain = cllr(plain[genuine], plain[~genuine]) - cllr(aware[genuine], aware[~genuine])
    assert gain > 0.02


def test_a_strong_ridge_gives_the_plain_calibration() -> None:
    score, terms, genuine = noisy_scores(1_000)
    weights = balanced_weights(genuine, genuine.astype(np.str_))
    plain = fit_affine(score, genuine, weights)(score)
    held = fit_quality(score, terms, genuine, weights, ridge=1e6)(score, terms)
    np.testing.assert_allclose(held, plain, atol=1e-3)


def test_far_terms_are_not_extrapolated() -> None:
    score, terms, genuine = noisy_scores(1_000)
    weights = balanced_weights(genuine, genuine.astype(np.str_))
    fitted = fit_quality(score, terms, genuine, weights)
    far = fitted(np.array([1.0, 1.0]), np.array([[1e3], [1e6]]))
    assert far[0] == far[1]
    assert (
        fitted(np.array([2.0]), np.array([[-1e6]]))[0]
        >= fitted(np.array([1.0]), np.array([[-1e6]]))[0]
    )
