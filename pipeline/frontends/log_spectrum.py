"""Linear log-spectrogram front end: every bin of the short-time spectrum, in natural log of power.

No filter bank joins bins, so that what a vocoder does to the high harmonics stays visible.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.frontends.spectrum import (
    FLOOR_POWER,
    TARGET_RMS,
    TOP_HZ,
    band_limit,
    power_spectrum,
    with_level,
)
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class LogSpectrumConfig:
    """Numbers of the linear log-spectrogram; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = 512  # 31 Hz a bin
    hop_length: int = 160
    high_hz: float = TOP_HZ
    target_rms: float = TARGET_RMS  # 0 = leave the level as it is


def log_spectrum(samples: FloatArray, config: LogSpectrumConfig) -> FloatArray:
    """Return the log-power spectrogram of each segment.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_bins), n_frames = 1 + segment_samples // hop_length.
    """
    levelled = with_level(samples, config.target_rms)
    power = power_spectrum(levelled, config.n_fft, config.hop_length)
    power = band_limit(power, config.sample_rate, config.high_hz)
    return np.asarray(np.log(np.maximum(power, FLOOR_POWER)), dtype=np.float32)
