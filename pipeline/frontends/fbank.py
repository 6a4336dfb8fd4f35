"""Filter-bank front end: the log mel energies that speaker encoders are trained on.

As Kaldi's `compute-fbank-feats` gives them with its defaults at 16 kHz (25-ms Povey windows every
10 ms, no padding, mean of each window removed, pre-emphasis 0.97, 512-point FFT, 80 mel triangles
from 20 Hz to the Nyquist frequency), without dither and with the mean over the segment removed from
each band, so that a fixed gain or equaliser leaves nothing behind.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft

from pipeline.vocabulary import FloatArray

SMALLEST = 1.1920929e-07  # Kaldi's floor of an energy, at 16-bit full scale


@dataclass(frozen=True, slots=True)
class FbankConfig:
    """Numbers of the filter-bank front end; the defaults are Kaldi's for 16 kHz."""

    sample_rate: int = 16_000
    window_length: int = 400
    hop_length: int = 160
    n_fft: int = 512
    n_mels: int = 80
    low_hz: float = 20.0
    preemphasis: float = 0.97
    target_rms: float = 0.05  # of full scale; far above the floor of the energies


def fbank(samples: FloatArray, config: FbankConfig) -> FloatArray:
    """Return the log mel energies of each segment, each band without its mean.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_mels), n_frames = 1 + (segment_samples - window_length) // hop_length.
    """
    # One segment at a time: its frames then fit into the processor's cache.
    rows = [_fbank(samples[i : i + 1], config) for i in range(len(samples))]
    n_frames = 1 + (samples.shape[1] - config.window_length) // config.hop_length
    return np.concatenate([np.zeros((0, n_frames, config.n_mels), dtype=np.float32), *rows])


def _fbank(samples: FloatArray, config: FbankConfig) -> FloatArray:
    """Return the log mel energies of a few segments."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    rms = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    levelled = centred * (32_768.0 * config.target_rms / np.maximum(rms, 1e-6))
    windows = np.lib.stride_tricks.sliding_window_view(levelled, config.window_length, axis=1)
    frames = windows[:, :: config.hop_length]
    frames = frames - frames.mean(axis=2, keepdims=True)
    before = np.concatenate([frames[:, :, :1], frames[:, :, :-1]], axis=2)
    shaped = (frames - config.preemphasis * before) * povey_window(config.window_length)
    spectrum = scipy.fft.rfft(shaped.astype(np.float32), config.n_fft, axis=2)
    energy = (spectrum.real**2 + spectrum.imag**2) @ kaldi_mel_filters(config).T
    logarithm = np.log(np.maximum(energy, SMALLEST))
    return np.asarray(logarithm - logarithm.mean(axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=4)
def povey_window(length: int) -> FloatArray:
    """Return Kaldi's own window, a Hann window to the power of 0.85, (length,)."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))
    return np.asarray(hann**0.85, dtype=np.float32)


@lru_cache(maxsize=4)
def kaldi_mel_filters(config: FbankConfig) -> FloatArray:
    """Return Kaldi's triangles, straight in mel and 1 at their peak, float32 (n_mels, n_bins)."""
    edges = np.linspace(
        _mel(config.low_hz), _mel(config.sample_rate / 2), config.n_mels + 2
    )  # (n_mels + 2,)
    bins = _mel(np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), dtype=np.float32)


def _mel(hertz: float | FloatArray | np.ndarray) -> np.ndarray:
    """Return Kaldi's mel of a frequency in Hz."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0))
