"""Fusion: the ViT and the kernel machine as one detector, one graph, one score.

CM score = vit_weight * ViT + kernel_weight * kernel machine + offset. The weights come from
logistic regression on scores of inner folds, so the CM score is already near an LLR of one segment.
Embedding and attention are the ViT's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.models.kernel_machine import KernelMachine
from training.models.vit import Vit


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """How the members' scores are added up."""

    vit: float
    kernel: float
    offset: float


class FusionDetector(nn.Module):
    """Several ViTs (their scores averaged) and a kernel machine over the same frames."""

    def __init__(
        self, vits: Sequence[Vit], kernel_machine: KernelMachine, weights: FusionWeights
    ) -> None:
        """Join trained members; the first ViT gives embedding and attention."""
        super().__init__()
        self.vits = nn.ModuleList(vits)
        self.first = vits[0]
        self.kernel_machine = kernel_machine
        self.weights = weights

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,)."""
        return self.explain(frames)[0]

    def explain(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return CM score (n,), unit embedding (n, d), attention (n, n_patches)."""
        score, embedding, attention = self.first.explain(frames)
        scores = [score] + [vit(frames)[0] for vit in self.vits[1:]]
        vit_score = torch.stack(scores, dim=1).mean(dim=1)
        fused = (
            self.weights.vit * vit_score
            + self.weights.kernel * self.kernel_machine(frames)
            + self.weights.offset
        )
        return fused, embedding, attention
