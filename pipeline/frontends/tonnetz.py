"""Tonnetz front end: the chroma of a frame as a place among fifths, minor and major thirds.

By `librosa.feature.tonnetz` from the chroma of this package (librosa's default, a chroma from a
constant-Q transform, costs twenty times as much); Harte, Sandler and Gasser 2006, Detecting
harmonic change in musical audio. A weak cue alone; part of the scaled-features classifier.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.frontends.chroma import ChromaConfig, chroma
from pipeline.frontends.spectrum import TARGET_RMS
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class TonnetzConfig:
    """Numbers of the tonnetz front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = 1024
    hop_length: int = 160
    target_rms: float = TARGET_RMS


def tonnetz(samples: FloatArray, config: TonnetzConfig) -> FloatArray:
    """Return the tonal centroid of each segment's frames.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, 6): x and y in the circles of fifths, minor thirds, major thirds, in
        [-1, 1]; n_frames = 1 + segment_samples // hop_length.
    """
    import librosa  # loads numba: seconds that only cards that name this front end shall pay

    classes = chroma(
        samples,
        ChromaConfig(
            sample_rate=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            target_rms=config.target_rms,
        ),
    )
    if not len(classes):
        return np.zeros((0, classes.shape[1], 6), dtype=np.float32)
    centroid = librosa.feature.tonnetz(chroma=classes.swapaxes(1, 2), sr=config.sample_rate)
    return np.ascontiguousarray(centroid.swapaxes(1, 2), dtype=np.float32)
