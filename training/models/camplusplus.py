"""CAM++ up to its first dense block: a speaker encoder's view of a segment, as 1 024 statistics.

Wang et al. 2023, "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware
Masking" (Interspeech). A small residual net over the filter bank (`Front`), a time-delay layer, and
densely connected layers whose output is masked by the segment's context. The names of the modules
are those of the published checkpoint (3D-Speaker, Apache-2.0), so that it loads as it is; what lies
behind the first dense block knows speakers and has forgotten how their voices were made, and is
left out (SCIENCE.md §2b).
"""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.errors import ModelMismatchError

N_MELS = 80
WIDTH = 32  # channels of the residual net, and of what each dense layer adds
STEM = 128  # channels of the time-delay layer
BOTTLENECK = 128
N_LAYERS = 12
N_STATISTICS = 2 * (STEM + N_LAYERS * WIDTH)  # mean and deviation of every channel


class SpeakerEncoder(nn.Module):
    """Filter bank (n, n_frames, 80) to statistics over time (n, 1024)."""

    def __init__(self) -> None:
        """Make an encoder with random weights; `load` fills it."""
        super().__init__()
        self.head = Front()
        self.xvector = nn.Sequential(
            OrderedDict(
                tdnn=TimeDelay(WIDTH * N_MELS // 8, STEM),
                block1=DenseBlock(STEM, N_LAYERS),
            )
        )

    def forward(self, bands: Tensor) -> Tensor:
        """Return mean and standard deviation over time of the dense block's channels."""
        channels = self.xvector(self.head(bands.transpose(1, 2)))  # (n, 512, n_frames / 2)
        mean = channels.mean(dim=2)
        centred = channels - mean.unsqueeze(2)
        deviation = torch.sqrt((centred * centred).mean(dim=2) + 1e-8)
        return torch.cat([mean, deviation], dim=1)


def load_encoder(checkpoint: Path) -> SpeakerEncoder:
    """Return the encoder with the weights of a published CAM++ checkpoint, frozen.

    Raises:
        ModelMismatchError: the checkpoint lacks weights that the encoder has.
    """
    weights = torch.load(checkpoint, map_location="cpu", weights_only=True)
    encoder = SpeakerEncoder()
    missing, _ = encoder.load_state_dict(weights, strict=False)
    if missing:
        raise ModelMismatchError(f"{checkpoint.name} is no CAM++ checkpoint: no {missing[0]}")
    return encoder.requires_grad_(False).eval()


class Front(nn.Module):
    """Residual net over bands and time (FCM in the paper): 80 bands to 10 x 32 channels."""

    def __init__(self) -> None:
        """Make the net."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, WIDTH, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.layer1 = nn.Sequential(ResidualBlock(2), ResidualBlock(1))
        self.layer2 = nn.Sequential(ResidualBlock(2), ResidualBlock(1))
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(WIDTH)

    def forward(self, bands: Tensor) -> Tensor:
        """Return (n, 320, n_frames) of (n, 80, n_frames)."""
        values = functional.relu(self.bn1(self.conv1(bands.unsqueeze(1))))
        values = self.layer2(self.layer1(values))
        values = functional.relu(self.bn2(self.conv2(values)))
        return values.flatten(1, 2)


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut; a stride halves the bands, never the frames."""

    def __init__(self, stride: int) -> None:
        """Make the block."""
        super().__init__()
        self.conv1 = nn.Conv2d(WIDTH, WIDTH, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(WIDTH)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(WIDTH, WIDTH, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(WIDTH)
            )

    def forward(self, values: Tensor) -> Tensor:
        """Return (n, 32, bands / stride, n_frames)."""
        inner = functional.relu(self.bn1(self.conv1(values)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(values))


class TimeDelay(nn.Module):
    """A convolution over five frames that takes every second one."""

    def __init__(self, n_in: int, n_out: int) -> None:
        """Make the layer."""
        super().__init__()
        self.linear = nn.Conv1d(n_in, n_out, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _norm_and_rectifier(n_out)

    def forward(self, values: Tensor) -> Tensor:
        """Return (n, n_out, n_frames / 2)."""
        out: Tensor = self.nonlinear(self.linear(values))
        return out


class DenseBlock(nn.Module):
    """Layers that each see all that came before and add `WIDTH` channels."""

    def __init__(self, n_in: int, n_layers: int) -> None:
        """Make the layers under the checkpoint's names."""
        super().__init__()
        for i in range(n_layers):
            self.add_module(f"tdnnd{i + 1}", DenseLayer(n_in + i * WIDTH))

    def forward(self, values: Tensor) -> Tensor:
        """Return (n, n_in + n_layers * WIDTH, n_frames)."""
        for layer in self.children():
            values = torch.cat([values, layer(values)], dim=1)
        return values


class DenseLayer(nn.Module):
    """A bottleneck and a context-aware mask."""

    def __init__(self, n_in: int) -> None:
        """Make the layer."""
        super().__init__()
        self.nonlinear1 = _norm_and_rectifier(n_in)
        self.linear1 = nn.Conv1d(n_in, BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _norm_and_rectifier(BOTTLENECK)
        self.cam_layer = ContextMask()

    def forward(self, values: Tensor) -> Tensor:
        """Return (n, WIDTH, n_frames)."""
        out: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(values))))
        return out


class ContextMask(nn.Module):
    """A convolution over three frames, each channel weighed by the segment's context."""

    def __init__(self) -> None:
        """Make the layer."""
        super().__init__()
        self.linear_local = nn.Conv1d(BOTTLENECK, WIDTH, 3, padding=1, bias=False)
        self.linear1 = nn.Conv1d(BOTTLENECK, BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(BOTTLENECK // 2, WIDTH, 1)

    def forward(self, values: Tensor) -> Tensor:
        """Return (n, WIDTH, n_frames)."""
        # The paper adds the mean over 100 frames to the mean over all: a 1-s segment has 49, so
        # both are the same number.
        context = 2.0 * values.mean(dim=2, keepdim=True)
        weight = torch.sigmoid(self.linear2(functional.relu(self.linear1(context))))
        out: Tensor = self.linear_local(values) * weight
        return out


def _norm_and_rectifier(n_channels: int) -> nn.Sequential:
    """Return the pair of layers under the checkpoint's names."""
    return nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(n_channels), relu=nn.ReLU()))
