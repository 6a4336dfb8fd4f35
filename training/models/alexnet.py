"""AlexNet: its five convolutions over the feature picture.

Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks (arXiv 1404.5997), in
the form and with the names of torchvision, so that its weight files load. The wide linear layers,
nearly all of its weights, give way to a mean over the maps.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from training.models.feature_picture import FeaturePicture


@dataclass(frozen=True, slots=True)
class AlexNetConfig:
    """Sizes of the net."""

    n_values: int
    dropout: float = 0.3


class AlexNet(nn.Module):
    """Features in, CM scores out. Holds its own input statistics."""

    def __init__(self, config: AlexNetConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.picture = FeaturePicture(config.n_values)
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.dropout = nn.Dropout(config.dropout)
        self.to_score = nn.Linear(256, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,) of features (n, n_frames, n_values), both at least 63."""
        maps = self.backbone(self.picture(frames))
        score: Tensor = self.to_score(self.dropout(maps.mean(dim=(2, 3))))
        return score.squeeze(1)
