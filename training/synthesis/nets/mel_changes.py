"""Mel changes: what acoustic models and converters do to mels, without a model.

Predicted mels are smoother than measured ones in time and over the bands, have less variance, and
fewer dimensions; converted ones have formants and pitch moved. Each change is drawn, one to four
at a time. The source for over-smoothing: Toda, Black and Tokuda (2007), global variance.
"""

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

LogMel = NDArray[np.float64]  # (n_mels, n_frames), natural log

FLOOR = float(np.log(1e-5))  # where vocoders stop to listen


def change_mel(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return the log-mels (n_mels, n_frames) after one to four changes, alike in shape."""
    changes = (_smooth_in_time, _fewer_dimensions, _less_variance, _warp, _held, _lower_rank)
    chosen = random.permutation(len(changes))[: int(random.integers(1, 5))]
    out = mel
    for i in sorted(chosen):
        out = changes[i](out, random)
    return np.maximum(out, FLOOR)


def _smooth_in_time(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return slower movement, as a model that averages over what may come."""
    return np.asarray(scipy.ndimage.gaussian_filter1d(mel, random.uniform(0.6, 2.5), axis=1))


def _fewer_dimensions(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return the bands through so many cepstra: harmonics go, formants stay."""
    n_values = int(random.integers(20, 45))
    cepstra = scipy.fft.dct(mel, axis=0, norm="ortho")
    cepstra[n_values:] *= random.uniform(0.0, 0.4)
    return np.asarray(scipy.fft.idct(cepstra, axis=0, norm="ortho"))


def _less_variance(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return the bands nearer to their means over time."""
    mean = mel.mean(axis=1, keepdims=True)
    return np.asarray(mean + random.uniform(0.75, 0.95) * (mel - mean))


def _warp(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return the bands moved up or down: another vocal tract, and another pitch with it."""
    bands = np.arange(len(mel))
    factor = float(random.choice([-1.0, 1.0])) * random.uniform(0.03, 0.15)
    source = np.clip(bands * (1 + factor), 0, len(mel) - 1)
    return np.stack([np.interp(source, bands, frame) for frame in mel.T], axis=1)


def _held(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return every second or third frame, the others drawn between them: a slow decoder."""
    step = int(random.integers(2, 4))
    kept = np.arange(0, mel.shape[1], step)
    frames = np.arange(mel.shape[1])
    return np.stack([np.interp(frames, kept, band[kept]) for band in mel])


def _lower_rank(mel: LogMel, random: np.random.Generator) -> LogMel:
    """Return the utterance by its strongest components: a narrow middle, as autoencoders have."""
    mean = mel.mean(axis=1, keepdims=True)
    left, strength, right = np.linalg.svd(mel - mean, full_matrices=False)
    kept = min(int(random.integers(12, 32)), len(strength))
    return np.asarray(mean + (left[:, :kept] * strength[:kept]) @ right[:kept])
