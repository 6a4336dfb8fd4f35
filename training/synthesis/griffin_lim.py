"""Griffin-Lim: phase found by iteration for a magnitude that went through mel bands or not.

Griffin and Lim 1984; with momentum Perraudin, Balazs and Soendergaard 2013. It is one of the
systems of the corpus' closed fold: copies by it are never trained on where that fold is tested.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.frontends.log_mel import LogMelConfig, mel_filters
from training.synthesis.engines import Copy, Signal

N_MELS = (40, 64, 80, 80, 100, 128)
N_FFT = (512, 800, 1024, 1024, 2048)


def load(_folder: Path) -> Copy:
    """Return the copy; nothing more is needed."""
    return copy


def copy(samples: Signal, random: np.random.Generator) -> Signal:
    """Return the utterance with a phase found by 8 to 60 iterations, by either algorithm."""
    n_fft = int(random.choice(N_FFT))
    grid = _Grid(n_fft, n_fft // int(random.choice([4, 4, 5, 8])), len(samples))
    magnitude = np.abs(grid.forward(samples))
    if random.random() < 0.8:
        magnitude = through_mel(magnitude, n_fft, int(random.choice(N_MELS)))
    if random.random() < 0.3:
        magnitude = magnitude ** random.uniform(1.05, 1.3)  # sharpened, as Tacotron's was
    momentum = 0.99 if random.random() < 0.5 else 0.0
    return invert(magnitude, grid, int(random.integers(8, 61)), momentum, random)


def invert(
    magnitude: Signal,
    grid: "_Grid",
    n_iterations: int,
    momentum: float,
    random: np.random.Generator,
) -> Signal:
    """Return samples whose magnitudes (n_bins, n_frames) come near to the wanted ones."""
    phase = np.exp(2j * np.pi * random.random(magnitude.shape))
    before = np.zeros_like(phase)
    for _ in range(n_iterations):
        rebuilt = grid.forward(grid.back(magnitude * phase))
        moved = rebuilt - momentum / (1 + momentum) * before
        phase = moved / (np.abs(moved) + 1e-16)
        before = rebuilt
    return grid.back(magnitude * phase)


class _Grid:
    """One resolution of the spectrum."""

    def __init__(self, n_fft: int, hop_length: int, n_samples: int) -> None:
        """Choose the window and the count of samples that `back` returns."""
        self._shape = (n_fft, hop_length, n_fft)
        self._window = torch.hann_window(n_fft, dtype=torch.float64)
        self._n_samples = n_samples

    def forward(self, samples: Signal) -> NDArray[np.complex128]:
        """Return the spectrum, (n_bins, n_frames)."""
        spectrum = torch.stft(
            torch.from_numpy(np.ascontiguousarray(samples)),
            *self._shape,
            window=self._window,
            return_complex=True,
        )
        return np.asarray(spectrum.numpy())

    def back(self, spectrum: NDArray[np.complex128]) -> Signal:
        """Return the samples, (n_samples,)."""
        made = torch.istft(
            torch.from_numpy(spectrum), *self._shape, window=self._window, length=self._n_samples
        )
        return np.asarray(made.numpy())


def through_mel(magnitude: Signal, n_fft: int, n_mels: int) -> Signal:
    """Return the magnitude (n_bins, n_frames) after mel bands and their pseudo-inverse."""
    config = LogMelConfig(n_fft=n_fft, n_mels=n_mels, low_hz=0.0, high_hz=8000.0)
    filters = mel_filters(config).astype(np.float64)
    used = filters[filters.sum(axis=1) > 0]  # narrow low bands may hold no bin
    return np.asarray(np.maximum(np.linalg.pinv(used) @ (used @ magnitude), 1e-8))
