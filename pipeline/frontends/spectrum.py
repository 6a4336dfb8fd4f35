"""What the spectral front ends share: one level for every segment, and its short-time power."""

import numpy as np
import scipy.fft

from pipeline.frontends.window import hann_window
from pipeline.vocabulary import FloatArray

FLOOR_POWER = 1e-10  # -100 dB: below 16-bit quantisation noise, keeps the log finite
TARGET_RMS = 0.05  # the level that every front end gives a segment, full scale is 1.0
TOP_HZ = 7000.0  # above lie the marks of resamplers and codecs, not of voices


def with_level(samples: FloatArray, target_rms: float) -> FloatArray:
    """Return the segments without their mean and with the wanted level; silence stays silent.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        target_rms: 0 = leave the segments as they are.
    """
    if target_rms <= 0.0:
        return samples
    centred = samples - samples.mean(axis=1, keepdims=True)
    rms = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    return np.asarray(centred * (target_rms / np.maximum(rms, 1e-8)), dtype=np.float32)


def power_spectrum(samples: FloatArray, n_fft: int, hop_length: int) -> FloatArray:
    """Return the power of a Hann STFT whose frames are centred, the ends padded with zeros.

    Args:
        samples: (n, segment_samples).
        n_fft: samples of a frame, an even number.
        hop_length: samples between frames.

    Returns:
        float32 (n, n_frames, n_fft // 2 + 1), n_frames = 1 + segment_samples // hop_length.
    """
    edge = n_fft // 2
    padded = np.pad(samples, ((0, 0), (edge, edge)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)
    spectrum = scipy.fft.rfft(frames[:, ::hop_length] * hann_window(n_fft), axis=-1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


def band_limit(power: FloatArray, sample_rate: int, high_hz: float) -> FloatArray:
    """Return the bins of a power spectrum (..., n_bins) up to and with `high_hz`."""
    n_bins = power.shape[-1]
    return power[..., : int(high_hz * 2 * (n_bins - 1) / sample_rate) + 1]
