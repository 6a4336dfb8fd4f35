"""The net that hears several voices at once: which frames of a second hold two voices or more.

Small convolutions over a mel picture that is fine enough to show two pitches, then dilated ones over
time. Frame by frame, as in Bredin and Laurent (Interspeech 2021), on seconds that stand alone.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class OverlapNetConfig:
    """The shape of the net."""

    n_mels: int = 96
    channels: tuple[int, ...] = (16, 32, 48, 48)  # each layer halves the bands after it
    hidden: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)  # frames of 40 ms
    log_floor: float = -10.0  # natural log, of the second's mean power: quieter looks like silence


class OverlapNet(nn.Module):
    """Log-mel frames of 20 ms to logits of 40 ms each: several voices, any voice."""

    def __init__(self, config: OverlapNetConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.config = config
        first, second, third, fourth = config.channels
        self.picture = nn.Sequential(
            *_normed(1, first, (3, 5), (1, 1)),
            *_normed(first, second, (3, 3), (2, 1)),
            *_normed(second, third, (3, 3), (1, 1)),
            *_normed(third, fourth, (3, 3), (1, 1)),
        )
        n_in = fourth * (config.n_mels // 16)
        self.enter = nn.Sequential(
            nn.Conv1d(n_in, config.hidden, 1, bias=False),
            nn.BatchNorm1d(config.hidden),
            nn.ReLU(),
            nn.Dropout(0.1),
        )
        self.middle = nn.Sequential(*(_Dilated(config.hidden, gap) for gap in config.dilations))
        self.leave = nn.Sequential(nn.ReLU(), nn.Conv1d(config.hidden, 2, 1))

    def forward(self, log_mel: Tensor) -> Tensor:
        """Return how much of each segment holds several voices, (n,) in [0, 1].

        Args:
            log_mel: natural log of power, (n, n_frames, n_mels), n_frames an even number and one.
        """
        return torch.sigmoid(self.logits(log_mel[:, :-1])[:, 0]).mean(dim=1)

    def logits(self, log_mel: Tensor) -> Tensor:
        """Return (n, 2, n_frames / 2) for (n, n_frames, n_mels): several voices, any voice."""
        n_cells = log_mel.shape[1] * log_mel.shape[2]
        level = torch.logsumexp(log_mel.flatten(1), dim=1) - math.log(n_cells)
        relative = functional.relu(log_mel - level[:, None, None] - self.config.log_floor)
        picture = self.picture(((relative + self.config.log_floor) / 4 + 1)[:, None])
        entered: Tensor = self.enter(picture.permute(0, 1, 3, 2).flatten(1, 2))
        logits: Tensor = self.leave(self.middle(entered))
        return logits


class _Dilated(nn.Module):
    """A residual step: mixes channels, listens some frames to either side, mixes again."""

    def __init__(self, hidden: int, gap: int) -> None:
        super().__init__()
        self.steps = nn.Sequential(
            nn.Conv1d(hidden, hidden, 1, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Conv1d(hidden, hidden, 5, padding=2 * gap, dilation=gap, groups=hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Conv1d(hidden, hidden, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.steps(x)
        return out


def _normed(
    n_in: int, n_out: int, size: tuple[int, int], stride: tuple[int, int]
) -> tuple[nn.Module, ...]:
    padding = (size[0] // 2, size[1] // 2)
    return (
        nn.Conv2d(n_in, n_out, size, stride, padding, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
        nn.MaxPool2d((1, 2)),
    )
