"""Front ends that librosa lacks, against their published definition written out number by number.

The phase front end's definition stands in test_frontends.py.
"""

import numpy as np

from pipeline.frontends import compute
from pipeline.frontends.lfcc import LfccConfig, linear_filters, slopes
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000


def make_noisy_pulses() -> FloatArray:
    """Return a noisy pulse train, float32 (16000,)."""
    samples = 0.01 * np.random.default_rng(3).standard_normal(SAMPLE_RATE)
    samples[::113] += 0.4
    return samples.astype(np.float32)


def plain_cepstrum(samples: FloatArray, frame: int) -> np.ndarray:
    """Return the 20 coefficients of one frame: window, DFT, triangles, log, cosine sums."""
    n_fft, width, hop, n_filters = 512, 320, 160, 20
    padded = np.concatenate([np.zeros(160), samples.astype(np.float64), np.zeros(160)])
    piece = padded[frame * hop : frame * hop + width]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    power = np.abs(np.fft.fft(piece * window, n_fft)[: n_fft // 2 + 1]) ** 2
    edges_hz = [7000.0 * i / (n_filters + 1) for i in range(n_filters + 2)]
    energies = []
    for m in range(1, n_filters + 1):
        left, middle, right = edges_hz[m - 1 : m + 2]
        energy = 0.0
        for k in range(n_fft // 2 + 1):
            hz = k * SAMPLE_RATE / n_fft
            if left <= hz <= middle:
                energy += (hz - left) / (middle - left) * power[k]
            elif middle < hz <= right:
                energy += (right - hz) / (right - middle) * power[k]
        energies.append(np.log(energy))
    cepstrum = []
    for order in range(n_filters):
        total = sum(
            energies[m] * np.cos(np.pi * order * (m + 0.5) / n_filters) for m in range(n_filters)
        )
        cepstrum.append(total * np.sqrt((1.0 if order == 0 else 2.0) / n_filters))
    return np.array(cepstrum)


def plain_slope(values: np.ndarray, frame: int) -> np.ndarray:
    """Return sum(n * c[t + n]) / sum(n * n), n = -3 .. 3, ends repeated."""
    last = len(values) - 1
    total = sum(n * values[min(max(frame + n, 0), last)] for n in range(-3, 4))
    return np.asarray(total / 28.0)


def test_lfcc_is_that_of_its_definition() -> None:
    samples = make_noisy_pulses()
    actual = compute("lfcc", {"target_rms": 0.0}, samples[None])
    assert actual.shape == (1, 101, 60)
    for frame in (0, 17, 100):
        np.testing.assert_allclose(actual[0, frame, :20], plain_cepstrum(samples, frame), atol=2e-3)


def test_lfcc_slopes_are_those_of_their_definition() -> None:
    actual = compute("lfcc", {}, make_noisy_pulses()[None])[0].astype(np.float64)
    for frame in (0, 2, 50, 99):
        np.testing.assert_allclose(
            actual[frame, 20:40], plain_slope(actual[:, :20], frame), atol=1e-4
        )
        np.testing.assert_allclose(
            actual[frame, 40:60], plain_slope(actual[:, 20:40], frame), atol=1e-4
        )


def test_a_steady_rise_has_its_rise_as_slope() -> None:
    values = np.arange(20.0)[None, :, None] * 0.25
    np.testing.assert_allclose(slopes(values, 3)[0, 3:-3, 0], 0.25)


def test_linear_filters_overlap_so_that_they_sum_to_one_between_the_outer_centres() -> None:
    config = LfccConfig()
    total = linear_filters(config).sum(axis=0)
    bins_hz = np.arange(257) * SAMPLE_RATE / 512
    width_hz = config.high_hz / (config.n_filters + 1)
    inside = (bins_hz > width_hz) & (bins_hz < config.high_hz - width_hz)
    np.testing.assert_allclose(total[inside], 1.0, atol=1e-5)
    assert not total[bins_hz > config.high_hz].any()


def test_the_waveform_front_end_only_sets_mean_and_level() -> None:
    samples = make_noisy_pulses()
    actual = compute("waveform", {}, samples[None] + np.float32(0.1))
    assert actual.shape == (1, SAMPLE_RATE, 1)
    centred = samples - samples.mean()
    np.testing.assert_allclose(
        actual[0, :, 0], centred * (0.05 / np.sqrt(np.mean(centred**2))), atol=1e-5
    )
