"""Kernel machine: Gaussian kernels on statistics of one segment's phase and spectrum.

The statistics are SCIENCE.md §8, row 8 ("ph + lf64 std-only"): mean and deviation of the phase
blocks, and only the deviation of the cepstra of the linear spectrum, since their mean is the
channel. The machine is Nystrom kernel ridge regression (Williams and Seeger 2001): its centres are
drawn from the training segments, so that it stays small enough to ship and is fitted in seconds.
The same module runs in training and in the exported graph.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.frontends.phase import N_BANDS, N_PHASE_VALUES
from pipeline.vocabulary import FloatArray

N_CEPSTRA = 60
CLIP = 6.0  # deviations: one odd statistic must not place a segment far from everything
CHUNK = 4000  # rows of the kernel matrix made at once


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """How the machine is fitted."""

    n_centres: int = 2000
    width: float = 0.7  # gamma times the number of statistics
    ridge: float = 3e-5  # per training row
    seed: int = 0


class SegmentStatistics(nn.Module):
    """Frames (n, n_frames, 238) to statistics (n, 400); holds only the cosine transform."""

    def __init__(self, n_power_bands: int = 70) -> None:
        """Make the cosine transform (DCT-II, orthonormal)."""
        super().__init__()
        band = np.arange(n_power_bands)
        order = np.arange(N_CEPSTRA)[:, None]
        cosine = np.cos(np.pi * order * (2 * band + 1) / (2 * n_power_bands))
        cosine *= np.sqrt(2.0 / n_power_bands)
        cosine[0] /= np.sqrt(2.0)
        self.register_buffer("cosine", torch.from_numpy(cosine.T.astype(np.float32).copy()))
        self.cosine: Tensor

    def forward(self, frames: Tensor) -> Tensor:
        """Return statistics over time, (n, 4 * 28 * 2 + 56 + 2 * 60)."""
        delay = slice(2 * N_BANDS, 4 * N_BANDS)  # real and imaginary part
        regular = torch.cat(
            [frames[:, :, : 2 * N_BANDS], frames[:, :, 4 * N_BANDS : N_PHASE_VALUES]], dim=2
        )
        cepstra = torch.matmul(frames[:, :, N_PHASE_VALUES:], self.cosine)
        slope = cepstra[:, 2:] - cepstra[:, :-2]
        return torch.cat(
            [
                regular.mean(dim=1),
                _deviation(regular),
                frames[:, :, delay].mean(dim=1),
                _deviation(cepstra),
                _deviation(slope),
            ],
            dim=1,
        )


class KernelMachine(nn.Module):
    """Frames to a CM score, or to `columns` of scores; made by `fit_kernel_machine`."""

    def __init__(
        self, n_centres: int, n_statistics: int = 400, columns: tuple[int, ...] = ()
    ) -> None:
        """Make an empty machine of this size."""
        super().__init__()
        self.statistics = SegmentStatistics()
        self.register_buffer("mean", torch.zeros(n_statistics))
        self.register_buffer("scale", torch.ones(n_statistics))
        self.register_buffer("centres", torch.zeros(n_centres, n_statistics))
        self.register_buffer("weights", torch.zeros(n_centres, *columns))
        self.register_buffer("offset", torch.zeros(columns or 1))
        self.register_buffer("gamma", torch.ones(1))
        self.mean: Tensor
        self.scale: Tensor
        self.centres: Tensor
        self.weights: Tensor
        self.offset: Tensor
        self.gamma: Tensor

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n, *columns)."""
        return self.of_statistics(self.statistics(frames))

    def of_statistics(self, statistics: Tensor) -> Tensor:
        """Return CM scores (n, *columns) of statistics (n, n_statistics)."""
        place = ((statistics - self.mean) / self.scale).clamp(-CLIP, CLIP)
        squares = (place * place).sum(dim=1, keepdim=True)
        distance = squares + (self.centres * self.centres).sum(dim=1) - 2 * place @ self.centres.T
        kernel = torch.exp(-self.gamma * distance.clamp_min(0.0))
        return torch.matmul(kernel, self.weights) + self.offset


def fit_kernel_machine(
    statistics: FloatArray,
    targets: FloatArray,
    weights: NDArray[np.float64],
    config: KernelConfig,
) -> KernelMachine:
    """Return the machine that fits targets of +1 (bona fide) and -1 in weighted squares.

    Args:
        statistics: (n_rows, 400), as `SegmentStatistics` gives them.
        targets: (n_rows,).
        weights: (n_rows,) of any sum; centres are drawn by them too.
        config: sizes and strength of the ridge.
    """
    random = np.random.default_rng(config.seed)
    share = weights / weights.sum()
    n_centres = min(config.n_centres, len(statistics))
    chosen = random.choice(len(statistics), size=n_centres, replace=False, p=share)
    machine = KernelMachine(n_centres, statistics.shape[1])
    mean, scale = statistics.mean(axis=0), statistics.std(axis=0) + 1e-6
    places = np.clip((statistics - mean) / scale, -CLIP, CLIP)
    centres = places[chosen]
    gamma = config.width / statistics.shape[1]
    gram = np.zeros((n_centres + 1, n_centres + 1))
    moment = np.zeros(n_centres + 1)
    row_weight = share * len(statistics)
    for at in range(0, len(places), CHUNK):
        kernel = _gaussian(places[at : at + CHUNK], centres, gamma)
        kernel = np.concatenate([kernel, np.ones((len(kernel), 1), dtype=np.float32)], axis=1)
        weighted = kernel * row_weight[at : at + CHUNK, None].astype(np.float32)
        gram += weighted.T @ kernel
        moment += weighted.T @ targets[at : at + CHUNK]
    gram[:-1, :-1] += config.ridge * len(places) * _gaussian(centres, centres, gamma)
    solution = np.linalg.solve(gram + 1e-3 * np.eye(n_centres + 1), moment)
    for name, value in (
        ("mean", mean),
        ("scale", scale),
        ("centres", centres),
        ("weights", solution[:-1]),
        ("offset", solution[-1:]),
        ("gamma", np.array([gamma])),
    ):
        getattr(machine, name).copy_(torch.from_numpy(value.astype(np.float32)))
    return machine.eval()


def _gaussian(places: FloatArray, centres: FloatArray, gamma: float) -> FloatArray:
    """Return the Gaussian kernel between rows, float32 (n_places, n_centres)."""
    distance = (places**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
    distance = distance - 2 * places @ centres.T
    return np.asarray(np.exp(-gamma * np.maximum(distance, 0.0)), dtype=np.float32)


def _deviation(values: Tensor) -> Tensor:
    """Return the standard deviation over time of (n, n_frames, n_values)."""
    centred = values - values.mean(dim=1, keepdim=True)
    return torch.sqrt((centred * centred).mean(dim=1) + 1e-8)
