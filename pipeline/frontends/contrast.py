"""Spectral-contrast front end: in each octave, how far the peaks stand above the valleys, in dB.

By `librosa.feature.spectral_contrast`; Jiang et al. 2002, Music type classification by spectral
contrast feature (ICME).
"""

from dataclasses import dataclass

import numpy as np

from pipeline.frontends.spectrum import (
    TARGET_RMS,
    TOP_HZ,
    band_limit,
    power_spectrum,
    with_level,
)
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class ContrastConfig:
    """Numbers of the spectral-contrast front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 160
    low_hz: float = 200.0  # where the first octave begins; below it is a band of its own
    n_octaves: int = 5  # the last one reaches to `high_hz`
    high_hz: float = TOP_HZ
    target_rms: float = TARGET_RMS


def contrast(samples: FloatArray, config: ContrastConfig) -> FloatArray:
    """Return the spectral contrast of each segment, in dB.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_octaves + 1), 0 dB or more;
        n_frames = 1 + segment_samples // hop_length.
    """
    import librosa  # loads numba: seconds that only cards that name this front end shall pay

    levelled = with_level(samples, config.target_rms)
    power = power_spectrum(levelled, config.n_fft, config.hop_length)
    bins = band_limit(power, config.sample_rate, config.high_hz)  # (n, n_frames, n_bins)
    bins_hz = np.arange(bins.shape[2]) * config.sample_rate / config.n_fft
    # One segment at a time: librosa limits the range to 80 dB under the maximum of what it gets.
    rows = [
        librosa.feature.spectral_contrast(
            S=np.sqrt(segment.T),
            freq=bins_hz,
            sr=config.sample_rate,
            fmin=config.low_hz,
            n_bands=config.n_octaves,
        ).T
        for segment in bins
    ]
    shape = (0, bins.shape[1], config.n_octaves + 1)
    return np.asarray(np.stack(rows) if rows else np.zeros(shape), dtype=np.float32)
