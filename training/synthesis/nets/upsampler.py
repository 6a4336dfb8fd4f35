"""Upsampler: HiFi-GAN's generator, mel frames to samples by transposed convolutions.

Kong, Kim and Bae, "HiFi-GAN" (2020). One definition for the published weights and for the small
ones that are trained here; parameters are named as in the published files.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOPE = 0.1  # of the leaky rectifiers
_LAST_SLOPE = 0.01


@dataclass(frozen=True, slots=True)
class UpsamplerSetting:
    """The generator's shape; the defaults are the published V1."""

    n_mels: int = 80
    n_channels: int = 512
    rates: tuple[int, ...] = (8, 8, 2, 2)
    kernels: tuple[int, ...] = (16, 16, 4, 4)
    block_kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    has_pairs: bool = True  # residual blocks of kind 1: a plain convolution after each dilated one


SMALL = UpsamplerSetting(
    n_channels=128,
    rates=(8, 8, 4),
    kernels=(16, 16, 8),
    block_kernels=(3, 5, 7),
    dilations=((1, 2), (2, 6), (3, 12)),
    has_pairs=False,
)  # the published V3 with half its channels


class ResidualBlock(nn.Module):
    """Dilated convolutions, each added to what it was given."""

    def __init__(
        self, n_channels: int, kernel: int, dilations: tuple[int, ...], pairs: bool
    ) -> None:
        """Build the layers."""
        super().__init__()

        def layer(dilation: int) -> nn.Conv1d:
            padding = (kernel - 1) * dilation // 2
            return nn.Conv1d(n_channels, n_channels, kernel, padding=padding, dilation=dilation)

        first = nn.ModuleList(layer(dilation) for dilation in dilations)
        self.has_pairs = pairs
        if pairs:
            self.convs1 = first
            self.convs2 = nn.ModuleList(layer(1) for _ in dilations)
        else:
            self.convs = first

    def forward(self, hidden: Tensor) -> Tensor:
        """Return (n_items, n_channels, n_steps) of the same shape."""
        if self.has_pairs:
            for first, second in zip(self.convs1, self.convs2, strict=True):
                step = first(functional.leaky_relu(hidden, _SLOPE))
                hidden = hidden + second(functional.leaky_relu(step, _SLOPE))
            return hidden
        for layer in self.convs:
            hidden = hidden + layer(functional.leaky_relu(hidden, _SLOPE))
        return hidden


class Upsampler(nn.Module):
    """Mel frames to samples."""

    def __init__(self, setting: UpsamplerSetting) -> None:
        """Build the layers."""
        super().__init__()
        width = setting.n_channels
        self.conv_pre = nn.Conv1d(setting.n_mels, width, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for rate, kernel in zip(setting.rates, setting.kernels, strict=True):
            padding = (kernel - rate) // 2
            self.ups.append(nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=padding))
            width //= 2
            for block_kernel, dilations in zip(
                setting.block_kernels, setting.dilations, strict=True
            ):
                self.resblocks.append(
                    ResidualBlock(width, block_kernel, dilations, setting.has_pairs)
                )
        self.n_parallel = len(setting.block_kernels)
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)

    def forward(self, mel: Tensor) -> Tensor:
        """Return samples (n_items, n_frames * hop) of log-mels (n_items, n_mels, n_frames)."""
        return finish(self.conv_post, self.hidden(mel))

    def hidden(self, mel: Tensor) -> Tensor:
        """Return all but the last layer's work, (n_items, n_channels, n_samples)."""
        hidden: Tensor = self.conv_pre(mel)
        for i, up in enumerate(self.ups):
            hidden = up(functional.leaky_relu(hidden, _SLOPE))
            blocks = self.resblocks[i * self.n_parallel : (i + 1) * self.n_parallel]
            hidden = torch.stack([block(hidden) for block in blocks]).mean(dim=0)
        return hidden


def finish(last: nn.Module, hidden: Tensor) -> Tensor:
    """Return samples (n_items, n_samples) of the last layer and what comes before it."""
    return torch.tanh(last(functional.leaky_relu(hidden, _LAST_SLOPE)))[:, 0]


def folded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a published file's parameters with their weight normalisation multiplied out."""
    out = {}
    for name, value in state.items():
        if name.endswith(".weight_g"):
            continue
        if name.endswith(".weight_v"):
            axes = tuple(range(1, value.ndim))
            norm = torch.sqrt((value**2).sum(dim=axes, keepdim=True))
            out[name.removesuffix("_v")] = value * (state[name.removesuffix("_v") + "_g"] / norm)
        else:
            out[name] = value
    return out
