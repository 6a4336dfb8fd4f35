"""System head: one-against-rest kernel machine over known systems, and over what is none of them.

The same statistics and Gaussian kernels as `training.models.kernel_machine`, with a column for each
known system and for each kind of outside speech (other systems; genuine speech). Training with many
other systems as a class of their own is outlier exposure (Hendrycks, Mazeika, Dietterich, "Deep
Anomaly Detection with Outlier Exposure", ICLR 2019): it is what lets the head say "unknown".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.vocabulary import FloatArray
from training.models.kernel_machine import CHUNK, CLIP, KernelMachine, SegmentStatistics


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """How the head is fitted."""

    n_centres: int = 1000
    width: float = 0.7  # gamma times the number of statistics
    ridge: float = 3e-5  # per training row
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SpaceConfig:
    """How the embedding is fitted."""

    n_dimensions: int = 48
    shrinkage: float = 0.5  # of the within-class scatter towards a multiple of the identity


class SystemHead(KernelMachine):
    """Frames to a column for each class, +1 for its own and -1 for others; made by `fit_head`."""

    def __init__(self, n_centres: int, n_columns: int, n_statistics: int = 400) -> None:
        """Make an empty head of this size."""
        super().__init__(n_centres, n_statistics, (n_columns,))


class SystemSpace(nn.Module):
    """Frames to unit vectors in which clips of one system lie together; made by `fit_space`."""

    def __init__(self, n_dimensions: int, n_statistics: int = 400) -> None:
        """Make an empty space of this size."""
        super().__init__()
        self.statistics = SegmentStatistics()
        self.register_buffer("mean", torch.zeros(n_statistics))
        self.register_buffer("scale", torch.ones(n_statistics))
        self.register_buffer("axes", torch.zeros(n_statistics, n_dimensions))
        self.mean: Tensor
        self.scale: Tensor
        self.axes: Tensor

    def forward(self, frames: Tensor) -> Tensor:
        """Return unit vectors (n, n_dimensions)."""
        return self.of_statistics(self.statistics(frames))

    def of_statistics(self, statistics: Tensor) -> Tensor:
        """Return unit vectors (n, n_dimensions) of statistics (n, n_statistics)."""
        place = ((statistics - self.mean) / self.scale).clamp(-CLIP, CLIP)
        return functional.normalize(torch.matmul(place, self.axes), dim=1)


def fit_space(statistics: FloatArray, group: NDArray[np.str_], config: SpaceConfig) -> SystemSpace:
    """Return the linear discriminants of groups (systems and genuine sources), each of one weight.

    Fisher's discriminants with a shrunk within-class scatter (Ledoit and Wolf's form, a fixed
    amount): groups of four clips give no better estimate.

    Args:
        statistics: (n_rows, n_statistics).
        group: (n_rows,).
        config: dimensions and shrinkage.
    """
    mean, scale = statistics.mean(axis=0), statistics.std(axis=0) + 1e-6
    place = np.clip((statistics - mean) / scale, -CLIP, CLIP).astype(np.float64)
    names, place_of = np.unique(group, return_inverse=True)
    count = np.bincount(place_of).astype(np.float64)
    centre = np.zeros((len(names), place.shape[1]))
    np.add.at(centre, place_of, place)
    centre /= count[:, None]
    weight = count**-0.5  # a group counts by the root of its size
    spread = (place - centre[place_of]) * np.sqrt(weight[place_of])[:, None]
    within = spread.T @ spread / (weight * count).sum()
    level = np.trace(within) / len(within)
    within = (1 - config.shrinkage) * within + config.shrinkage * level * np.eye(len(within))
    share = weight * count / (weight * count).sum()
    between = centre - share @ centre
    between = (between * share[:, None]).T @ between
    n_dimensions = min(config.n_dimensions, len(names) - 1)
    first = len(within) - n_dimensions
    _, axes = scipy.linalg.eigh(between, within, subset_by_index=(first, len(within) - 1))
    space = SystemSpace(n_dimensions, statistics.shape[1])
    for name, value in (("mean", mean), ("scale", scale), ("axes", axes[:, ::-1])):
        getattr(space, name).copy_(torch.from_numpy(np.ascontiguousarray(value, np.float32)))
    return space.eval()


def fit_head(
    statistics: FloatArray,
    class_of: NDArray[np.str_],
    classes: Sequence[str],
    weights: NDArray[np.float64],
    config: HeadConfig,
) -> SystemHead:
    """Return the head that fits +1 (a row's class) and -1 (every other) in weighted squares.

    Args:
        statistics: (n_rows, n_statistics), as `SegmentStatistics` gives them.
        class_of: (n_rows,), each one of `classes`.
        classes: the columns, in order.
        weights: (n_rows,) of any sum; centres are drawn by them too.
        config: sizes and strength of the ridge.
    """
    random = np.random.default_rng(config.seed)
    share = weights / weights.sum()
    n_centres = min(config.n_centres, len(statistics))
    chosen = np.sort(random.choice(len(statistics), size=n_centres, replace=False, p=share))
    mean, scale = statistics.mean(axis=0), statistics.std(axis=0) + 1e-6
    centres = np.clip((statistics[chosen] - mean) / scale, -CLIP, CLIP).astype(np.float32)
    gamma = config.width / statistics.shape[1]
    targets = np.where(class_of[:, None] == np.asarray(classes), 1.0, -1.0)  # (n_rows, n_columns)
    gram = np.zeros((n_centres + 1, n_centres + 1))
    moment = np.zeros((n_centres + 1, len(classes)))
    for at in range(0, len(statistics), CHUNK):
        part = slice(at, at + CHUNK)
        place = np.clip((statistics[part] - mean) / scale, -CLIP, CLIP).astype(np.float32)
        kernel = np.ones((len(place), n_centres + 1), np.float32)
        kernel[:, :-1] = _gaussian(place, centres, gamma)
        weighted = kernel * (share[part, None] * len(statistics)).astype(np.float32)
        gram += weighted.T @ kernel
        moment += weighted.T @ targets[part].astype(np.float32)
    gram[:-1, :-1] += config.ridge * len(statistics) * _gaussian(centres, centres, gamma)
    solution = np.linalg.solve(gram + 1e-3 * np.eye(n_centres + 1), moment)
    head = SystemHead(n_centres, len(classes), statistics.shape[1])
    for name, value in (
        ("mean", mean),
        ("scale", scale),
        ("centres", centres),
        ("weights", solution[:-1]),
        ("offset", solution[-1]),
        ("gamma", np.array([gamma])),
    ):
        getattr(head, name).copy_(torch.from_numpy(np.asarray(value, np.float32)))
    return head.eval()


def _gaussian(places: FloatArray, centres: FloatArray, gamma: float) -> FloatArray:
    """Return the Gaussian kernel between rows, float32 (n_places, n_centres)."""
    distance = (places**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
    distance = distance - 2 * places @ centres.T
    return np.asarray(np.exp(-gamma * np.maximum(distance, 0.0)), np.float32)
