"""LFCC front end: linear-frequency cepstral coefficients with their first and second slopes.

As in Sahidullah, Kinnunen and Hanilci 2015, A comparison of features for synthetic speech detection
(Interspeech), and the ASVspoof baselines: power spectrum of 20-ms windows, triangular filters of
equal width, log, DCT-II, then regression slopes over `2 * slope_frames + 1` frames. Where they take
the Nyquist frequency as the upper end, our default is 7 kHz.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipeline.frontends.spectrum import FLOOR_POWER, TARGET_RMS, TOP_HZ, with_level
from pipeline.frontends.window import hann_window
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class LfccConfig:
    """Numbers of the LFCC front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = 512
    win_length: int = 320  # 20 ms
    hop_length: int = 160
    n_filters: int = 20
    n_lfcc: int = 20
    slope_frames: int = 3  # on each side of a frame, as in the ASVspoof baseline
    low_hz: float = 0.0
    high_hz: float = TOP_HZ
    target_rms: float = TARGET_RMS  # 0 = leave the level as it is


def lfcc(samples: FloatArray, config: LfccConfig) -> FloatArray:
    """Return the linear cepstrum of each segment, of natural-log power, and its slopes a frame.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, 3 * n_lfcc): coefficients, slopes, slopes of slopes;
        n_frames = 1 + segment_samples // hop_length.
    """
    levelled = with_level(samples, config.target_rms)
    edge = config.win_length // 2
    padded = np.pad(levelled, ((0, 0), (edge, edge)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.win_length, axis=1)
    windowed = frames[:, :: config.hop_length] * hann_window(config.win_length)
    spectrum = scipy.fft.rfft(windowed, n=config.n_fft, axis=-1)  # padded with zeros behind
    power = spectrum.real**2 + spectrum.imag**2  # (n, n_frames, n_bins)
    bands = np.log(np.maximum(power @ linear_filters(config).T, FLOOR_POWER))
    cepstrum = scipy.fft.dct(bands, type=2, norm="ortho", axis=-1)[..., : config.n_lfcc]
    slope = slopes(cepstrum, config.slope_frames)
    second = slopes(slope, config.slope_frames)
    return np.concatenate([cepstrum, slope, second], axis=-1, dtype=np.float32)


@lru_cache(maxsize=8)
def linear_filters(config: LfccConfig) -> FloatArray:
    """Return triangles of unit height and equal width, float32 (n_filters, n_bins)."""
    edges_hz = np.linspace(config.low_hz, config.high_hz, config.n_filters + 2)
    width_hz = edges_hz[1] - edges_hz[0]
    bins_hz = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    distance = np.abs(bins_hz - edges_hz[1:-1, None]) / width_hz
    return np.asarray(np.maximum(0.0, 1.0 - distance), dtype=np.float32)


def slopes(values: NDArray[np.floating], n_each_side: int) -> NDArray[np.floating]:
    """Return the slope a frame of the line of least squares around each frame.

    At the ends the first and last frames are repeated, as in HTK and in
    `librosa.feature.delta(mode="nearest")`.

    Args:
        values: (n, n_frames, n_values).
        n_each_side: frames before and after.
    """
    n_frames = values.shape[1]
    padded = np.pad(values, ((0, 0), (n_each_side, n_each_side), (0, 0)), mode="edge")
    total = np.zeros_like(values)
    for step in range(1, n_each_side + 1):
        ahead = padded[:, n_each_side + step : n_each_side + step + n_frames]
        behind = padded[:, n_each_side - step : n_each_side - step + n_frames]
        total = total + step * (ahead - behind)
    norm = 2 * sum(step * step for step in range(1, n_each_side + 1))
    return np.asarray(total / norm, dtype=values.dtype)
