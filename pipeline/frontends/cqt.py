"""CQT front end: a constant-Q transform, in natural log of power.

By `librosa.cqt`: bins stand in equal ratios, so that low harmonics are resolved finely and high
ones quickly; Schoerkhuber and Klapuri 2010, Constant-Q transform toolbox. The lowest bin's filter
lasts 0.26 s, which is why the range begins at 65 Hz.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.frontends.spectrum import FLOOR_POWER, TARGET_RMS, with_level
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class CqtConfig:
    """Numbers of the CQT front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    hop_length: int = 160
    low_hz: float = 65.40639132514966  # C2
    n_bins: int = 80  # up to 6.3 kHz
    bins_per_octave: int = 12
    target_rms: float = TARGET_RMS  # 0 = leave the level as it is


def cqt(samples: FloatArray, config: CqtConfig) -> FloatArray:
    """Return the log-power constant-Q spectrogram of each segment.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_bins), n_frames = 1 + segment_samples // hop_length.
    """
    import librosa  # loads numba: seconds that only cards that name this front end shall pay

    levelled = with_level(samples, config.target_rms)
    if not len(levelled):
        n_frames = 1 + samples.shape[1] // config.hop_length
        return np.zeros((0, n_frames, config.n_bins), dtype=np.float32)
    spectrum = librosa.cqt(
        levelled,
        sr=config.sample_rate,
        hop_length=config.hop_length,
        fmin=config.low_hz,
        n_bins=config.n_bins,
        bins_per_octave=config.bins_per_octave,
        tuning=0.0,
    )  # (n, n_bins, n_frames)
    power = spectrum.real**2 + spectrum.imag**2
    logs = np.log(np.maximum(power, FLOOR_POWER)).swapaxes(1, 2)
    return np.ascontiguousarray(logs, dtype=np.float32)
