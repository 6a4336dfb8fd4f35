"""Fusion: a ViT, a kernel machine and the encoding nets as one detector, one graph, one score.

CM score = the members' scores, weighed and added. The weights come from logistic regression on
scores of inner folds, so the CM score is already near an LLR of one segment. Embedding and
attention are the ViT's. The speaker encoder is frozen and runs once for the two that listen to it.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from training.models.camplusplus import SpeakerEncoder
from training.models.encoding_net import EncodingNet
from training.models.kernel_machine import KernelMachine
from training.models.vit import Vit


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """How the members' scores are added up."""

    vit: float
    kernel: float
    encoding: float
    offset: float


@dataclass(frozen=True, slots=True)
class Members:
    """The trained parts of a fusion."""

    vit: Vit
    kernel_machine: KernelMachine
    encoding_net: EncodingNet


class FusionDetector(nn.Module):
    """Phase frames (n, 112, 238) and filter bank (n, 98, 80) of segments to scores."""

    def __init__(self, members: Members, encoder: SpeakerEncoder, weights: FusionWeights) -> None:
        """Join trained members behind one encoder."""
        super().__init__()
        self.vit = members.vit
        self.kernel_machine = members.kernel_machine
        self.encoding_net = members.encoding_net
        self.encoder = encoder
        self.weights = weights

    def forward(self, frames: Tensor, bands: Tensor) -> Tensor:
        """Return CM scores (n,)."""
        return self.explain(frames, bands)[0]

    def explain(self, frames: Tensor, bands: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return CM score (n,), unit embedding (n, d), attention (n, n_patches)."""
        encoding = self.encoder(bands)
        vit_score, embedding, attention = self.vit.explain(frames, encoding)
        fused = (
            self.weights.vit * vit_score
            + self.weights.kernel * self.kernel_machine(frames)
            + self.weights.encoding * self.encoding_net(encoding)
            + self.weights.offset
        )
        return fused, embedding, attention
