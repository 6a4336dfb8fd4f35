"""Chroma front end: how the power of a frame spreads over the twelve pitch classes.

By `librosa.feature.chroma_stft` with a fixed tuning: its estimate of the tuning costs more than
everything else, and speech has none. A weak cue alone; part of the scaled-features classifier.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.frontends.spectrum import TARGET_RMS, power_spectrum, with_level
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class ChromaConfig:
    """Numbers of the chroma front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = (
        1024  # 16 Hz a bin: two pitch classes of a low voice lie 6 Hz apart and are smeared
    )
    hop_length: int = 160
    n_chroma: int = 12
    target_rms: float = TARGET_RMS


def chroma(samples: FloatArray, config: ChromaConfig) -> FloatArray:
    """Return the chroma of each segment; the strongest class of a frame is 1, silence is 0.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_chroma), in [0, 1]; n_frames = 1 + segment_samples // hop_length.
    """
    import librosa  # loads numba: seconds that only cards that name this front end shall pay

    levelled = with_level(samples, config.target_rms)
    power = power_spectrum(levelled, config.n_fft, config.hop_length)
    classes = librosa.feature.chroma_stft(
        S=power.swapaxes(1, 2), sr=config.sample_rate, tuning=0.0, n_chroma=config.n_chroma
    )  # (n, n_chroma, n_frames)
    return np.ascontiguousarray(classes.swapaxes(1, 2), dtype=np.float32)
