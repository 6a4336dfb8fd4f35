"""ResNet: residual nets of 18, 50 or 101 layers over the feature picture.

He et al. 2016, Deep residual learning for image recognition (CVPR), in the form and with the names
of torchvision (stride in the 3 x 3 convolution of a bottleneck), so that its weight files load.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from training.models.feature_picture import FeaturePicture

# depth -> blocks in each of the four stages
STAGES = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
DEEP = 50  # from this depth on, blocks are bottlenecks
EXPANSION = 4  # of a bottleneck: outputs for each inner channel


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """Sizes of the net."""

    n_values: int
    depth: int = 101


class ResNet(nn.Module):
    """Features in, CM scores out. Holds its own input statistics."""

    def __init__(self, config: ResNetConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.picture = FeaturePicture(config.n_values)
        self.backbone = ResNetBackbone(config.depth)
        self.to_score = nn.Linear(self.backbone.n_outputs, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,) of features (n, n_frames, n_values)."""
        score: Tensor = self.to_score(self.backbone(self.picture(frames)))
        return score.squeeze(1)


class ResNetBackbone(nn.Module):
    """Pictures in, pooled features out."""

    def __init__(self, depth: int) -> None:
        """Make an untrained backbone of a depth in `STAGES`."""
        super().__init__()
        expansion = EXPANSION if depth >= DEEP else 1
        block = Bottleneck if depth >= DEEP else PlainBlock
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        n_inputs = 64
        for stage, n_blocks in enumerate(STAGES[depth]):
            width, stride = 64 * 2**stage, 1 if stage == 0 else 2
            blocks: list[nn.Module] = [block(n_inputs, width, stride)]
            n_inputs = width * expansion
            blocks += [block(n_inputs, width, 1) for _ in range(n_blocks - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.n_outputs = n_inputs

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features (n, n_outputs) of pictures (n, 3, height, width)."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        for stage in range(1, 5):
            maps = getattr(self, f"layer{stage}")(maps)
        pooled: Tensor = maps.mean(dim=(2, 3))
        return pooled


class PlainBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut (He et al., figure 2)."""

    def __init__(self, n_inputs: int, width: int, stride: int) -> None:
        """Make a block with `width` outputs."""
        super().__init__()
        self.conv1 = nn.Conv2d(n_inputs, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = make_shortcut(n_inputs, width, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (n, width, height / stride, width / stride)."""
        branch = self.relu(self.bn1(self.conv1(maps)))
        branch = self.bn2(self.conv2(branch))
        joined: Tensor = self.relu(branch + self.downsample(maps))
        return joined


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions beside a shortcut (He et al., figure 5)."""

    def __init__(self, n_inputs: int, width: int, stride: int) -> None:
        """Make a block with four times `width` outputs."""
        super().__init__()
        self.conv1 = nn.Conv2d(n_inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, EXPANSION * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(EXPANSION * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = make_shortcut(n_inputs, EXPANSION * width, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (n, 4 * width, height / stride, width / stride)."""
        branch = self.relu(self.bn1(self.conv1(maps)))
        branch = self.relu(self.bn2(self.conv2(branch)))
        branch = self.bn3(self.conv3(branch))
        joined: Tensor = self.relu(branch + self.downsample(maps))
        return joined


def make_shortcut(n_inputs: int, n_outputs: int, stride: int) -> nn.Module:
    """Return the shortcut of a block: a projection where its shape changes, else nothing."""
    if stride == 1 and n_inputs == n_outputs:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(n_inputs, n_outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(n_outputs)
    )
