"""ANN: a small multilayer perceptron on the mean and deviation of a segment's features over time.

The plainest net of the baselines: it sees no order in time at all.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class AnnConfig:
    """Sizes of the net."""

    n_values: int
    widths: tuple[int, ...] = (256, 128)
    dropout: float = 0.3


class Ann(nn.Module):
    """Features in, CM scores out. Holds its own input statistics."""

    def __init__(self, config: AnnConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.input_norm = nn.BatchNorm1d(2 * config.n_values, affine=False)
        layers: list[nn.Module] = []
        n_inputs = 2 * config.n_values
        for width in config.widths:
            layers += [nn.Linear(n_inputs, width), nn.ReLU(), nn.Dropout(config.dropout)]
            n_inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(n_inputs, 1))

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,) of features (n, n_frames, n_values)."""
        pooled = torch.cat([frames.mean(dim=1), frames.std(dim=1)], dim=1)  # (n, 2 * n_values)
        score: Tensor = self.layers(self.input_norm(pooled).clamp(-6.0, 6.0))
        return score.squeeze(1)
