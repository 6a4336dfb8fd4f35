"""VGG: the convolutions of VGG-11 with batch norm over the feature picture.

Simonyan and Zisserman 2015, Very deep convolutional networks (ICLR), table 1, column A, in the form
and with the names of torchvision, so that its weight files load. The three wide linear layers, made
for a thousand kinds of photographs and nine tenths of its weights, give way to a mean over the maps.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from training.models.feature_picture import FeaturePicture

POOL = 0  # in a plan: halve both axes
PLAN_11 = (64, POOL, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL)


@dataclass(frozen=True, slots=True)
class VggConfig:
    """Sizes of the net."""

    n_values: int
    plan: tuple[int, ...] = PLAN_11
    dropout: float = 0.3


class Vgg(nn.Module):
    """Features in, CM scores out. Holds its own input statistics."""

    def __init__(self, config: VggConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.picture = FeaturePicture(config.n_values)
        layers: list[nn.Module] = []
        n_channels = 3
        for width in config.plan:
            if width == POOL:
                layers.append(nn.MaxPool2d(2))
            else:
                layers.append(nn.Conv2d(n_channels, width, 3, padding=1))
                layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                n_channels = width
        self.backbone = nn.Sequential(*layers)
        self.dropout = nn.Dropout(config.dropout)
        self.to_score = nn.Linear(n_channels, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,) of features (n, n_frames, n_values), both at least 32."""
        maps = self.backbone(self.picture(frames))  # (n, 512, n_frames / 32, n_values / 32)
        score: Tensor = self.to_score(self.dropout(maps.mean(dim=(2, 3))))
        return score.squeeze(1)
