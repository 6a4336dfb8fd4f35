"""Mel: the log-mel spectrograms that neural vocoders are given, in PyTorch, so that losses can use them.

HiFi-GAN's convention (Kong, Kim and Bae 2020): magnitudes, Slaney's filters, natural log, frames
that start at the first sample after reflection.
"""

import functools
from dataclasses import dataclass

import librosa
import torch
from torch import Tensor
from torch.nn import functional

LOWEST = 1e-5  # magnitude under which the log is not followed


@dataclass(frozen=True, slots=True)
class MelSetting:
    """One vocoder's view of sound."""

    sample_rate: int
    n_fft: int
    hop_length: int
    n_mels: int = 80
    low_hz: float = 0.0
    high_hz: float = 8000.0


def log_mel(samples: Tensor, setting: MelSetting) -> Tensor:
    """Return (n_items, n_mels, n_samples // hop_length) of samples (n_items, n_samples)."""
    magnitude = magnitudes(samples, setting.n_fft, setting.hop_length)
    mel = _filters(setting) @ magnitude
    return torch.log(torch.clamp(mel, min=LOWEST))


def magnitudes(samples: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Return (n_items, 1 + n_fft // 2, n_samples // hop_length) of samples (n_items, n_samples)."""
    edge = (n_fft - hop_length) // 2
    padded = functional.pad(samples[:, None], (edge, edge), mode="reflect")[:, 0]
    window = torch.hann_window(n_fft, device=samples.device)
    spectrum = torch.stft(
        padded, n_fft, hop_length, window=window, center=False, return_complex=True
    )
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)


@functools.cache
def _filters(setting: MelSetting) -> Tensor:
    """Return the mel filters, (n_mels, n_bins)."""
    filters = librosa.filters.mel(
        sr=setting.sample_rate,
        n_fft=setting.n_fft,
        n_mels=setting.n_mels,
        fmin=setting.low_hz,
        fmax=setting.high_hz,
    )
    return torch.from_numpy(filters)
