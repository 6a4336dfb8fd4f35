"""Log-mel front end: segments to log-power mel spectrograms.

Filters follow Slaney's Auditory Toolbox (librosa's default), which the tests compare with.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.frontends.spectrum import FLOOR_POWER, power_spectrum, with_level
from pipeline.vocabulary import FloatArray

SLANEY_BREAK_HZ = 1000.0  # linear below, logarithmic above
SLANEY_HZ_PER_MEL = 200.0 / 3.0
SLANEY_LOG_STEP = np.log(6.4) / 27.0


@dataclass(frozen=True, slots=True)
class LogMelConfig:
    """Numbers of the log-mel front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 160
    n_mels: int = 80
    low_hz: float = 20.0
    high_hz: float = 7000.0  # above lie the marks of resamplers and codecs, not of voices
    target_rms: float = 0.05  # every segment has this level; 0 = leave the level as it is


def log_mel(samples: FloatArray, config: LogMelConfig) -> FloatArray:
    """Return the log-mel spectrogram of each segment, in natural log of power.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_mels), n_frames = 1 + segment_samples // hop_length.
    """
    levelled = with_level(samples, config.target_rms)
    power = power_spectrum(levelled, config.n_fft, config.hop_length)  # (n, n_frames, n_bins)
    mel = power @ mel_filters(config).T  # (n, n_frames, n_mels)
    return np.asarray(np.log(np.maximum(mel, FLOOR_POWER)), dtype=np.float32)


@lru_cache(maxsize=8)
def mel_filters(config: LogMelConfig) -> FloatArray:
    """Return Slaney's triangular filters of equal area, float32 (n_mels, n_bins)."""
    edges_mel = np.linspace(_to_mel(config.low_hz), _to_mel(config.high_hz), config.n_mels + 2)
    edges_hz = np.array([_to_hz(mel) for mel in edges_mel])
    bins_hz = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    rising = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))  # (n_mels, n_bins)
    area = 2.0 / (edges_hz[2:] - edges_hz[:-2])
    return np.asarray(triangles * area[:, None], dtype=np.float32)


def _to_mel(hz: float) -> float:
    """Return Slaney's mel of a frequency."""
    if hz < SLANEY_BREAK_HZ:
        return hz / SLANEY_HZ_PER_MEL
    return SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL + float(np.log(hz / SLANEY_BREAK_HZ)) / float(
        SLANEY_LOG_STEP
    )


def _to_hz(mel: float) -> float:
    """Return the frequency of Slaney's mel."""
    break_mel = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL
    if mel < break_mel:
        return mel * SLANEY_HZ_PER_MEL
    return SLANEY_BREAK_HZ * float(np.exp(SLANEY_LOG_STEP * (mel - break_mel)))
