"""The STFT that the separator hears and its inverse: what is taken apart adds up again exactly.

Square-root Hann window (periodic) of `n_fft` samples, before and after; unscaled.
"""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray

ComplexArray: TypeAlias = NDArray[np.complex64]


def analyse_frames(samples: FloatArray, n_fft: int, hop_length: int) -> ComplexArray:
    """Return the STFT of samples whose first frame begins with the first of them.

    Args:
        samples: float32 ((n_frames - 1) * hop_length + n_fft,).
        n_fft: samples a frame.
        hop_length: samples between frames, a whole part of n_fft.

    Returns:
        complex64 (n_frames, n_fft // 2 + 1).
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop_length]
    # SciPy's transform of float32 takes several frames at once: a fifth of NumPy's time
    spectrum: ComplexArray = scipy.fft.rfft(frames * frame_window(n_fft)).astype(
        np.complex64, copy=False
    )
    return spectrum


def overlap_add(spectrum: ComplexArray, n_fft: int, hop_length: int) -> FloatArray:
    """Return the samples that `analyse_frames` took apart; the edges lack their neighbours.

    Returns:
        float32 ((n_frames - 1) * hop_length + n_fft,).
    """
    frames = scipy.fft.irfft(spectrum, n=n_fft).astype(np.float32, copy=False)
    frames *= frame_window(n_fft)
    frames *= 2.0 * hop_length / n_fft  # shifted squared windows add up to n_fft / (2 hop_length)
    n_parts = n_fft // hop_length
    parts = frames.reshape(len(frames), n_parts, hop_length)
    samples = np.zeros((len(frames) + n_parts - 1, hop_length), dtype=np.float32)
    for part in range(n_parts):
        samples[part : part + len(frames)] += parts[:, part]
    return samples.reshape(-1)


def as_parts(spectrum: ComplexArray) -> FloatArray:
    """Return a contiguous spectrum (...) as real and imaginary parts, (..., 2), without a copy."""
    return spectrum.view(np.float32).reshape(*spectrum.shape, 2)


@lru_cache(maxsize=4)
def frame_window(n_fft: int) -> FloatArray:
    """Return the square root of the periodic Hann window, float32 (n_fft,)."""
    window: FloatArray = np.sin(np.pi * np.arange(n_fft) / n_fft).astype(np.float32)
    window.flags.writeable = False
    return window
