"""CNN: four convolution blocks over the feature picture, pooled, one score; the usual baseline.

A block halves both axes, so that the last one sees about 0.3 s and a third of the values at once.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.models.feature_picture import FeaturePicture


@dataclass(frozen=True, slots=True)
class CnnConfig:
    """Sizes of the net."""

    n_values: int
    channels: tuple[int, ...] = (16, 32, 64, 128)
    dropout: float = 0.3


class Cnn(nn.Module):
    """Features in, CM scores out. Holds its own input statistics."""

    def __init__(self, config: CnnConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.picture = FeaturePicture(config.n_values)
        blocks: list[nn.Module] = []
        n_inputs = 1
        for n_channels in config.channels:
            blocks += [
                nn.Conv2d(n_inputs, n_channels, kernel_size=3, padding=1, bias=False),
                nn.BatchNorm2d(n_channels),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(
                    2, ceil_mode=True
                ),  # six values of contrast must outlast four halvings
            ]
            n_inputs = n_channels
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.to_score = nn.Linear(2 * n_inputs, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,) of features (n, n_frames, n_values)."""
        maps = self.blocks(self.picture(frames)[:, :1])  # (n, 128, n_frames / 16, n_values / 16)
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        score: Tensor = self.to_score(self.dropout(pooled))
        return score.squeeze(1)
