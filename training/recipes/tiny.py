"""Recipe `tiny`: an untrained ViT of the right shape, for tests of everything around it.

Its scores mean nothing and its card says so. `python -m training export-tiny` writes
`tests/data/tiny_detector.onnx`, committed so that tests need no PyTorch.
"""

from pathlib import Path

import torch

from pipeline.frontends import compute
from pipeline.model_card import (
    Calibration,
    ErrorRow,
    FrontEndSpec,
    ModelCard,
    PooledRow,
    Thresholds,
    TrainingFacts,
)
from training.export_onnx import export_detector
from training.models.vit import Vit, VitConfig

SEED = 7
FRONT_END_CONFIG: dict[str, float | int | str | bool] = {"n_mels": 40}
VIT = VitConfig(
    n_frames=101, n_values=40, patch_frames=10, width=24, depth=2, n_heads=2, mlp_width=48,
    embedding_size=16,
)  # fmt: skip


def tiny_card() -> ModelCard:
    """Return the card of the tiny detector."""
    return ModelCard(
        name="tiny-untrained",
        sample_rate=16_000,
        segment_samples=16_000,
        front_ends=(
            FrontEndSpec(input_name="log_mel", front_end="log_mel", config=FRONT_END_CONFIG),
        ),
        members=("vit",),
        has_attention=True,
        calibration={
            "recorded": Calibration(
                segment_scale=1.0,
                segment_offset=0.0,
                pooled=(
                    PooledRow(min_voiced_s=0.0, scale=1.0, offset=0.0),
                    PooledRow(min_voiced_s=4.0, scale=2.0, offset=0.0),
                ),
                llr_limit=4.0,
            )
        },
        thresholds=Thresholds(
            synthetic_below=-1.0, no_evidence_above=1.0, span_below=-2.0, span_window_s=3.0
        ),
        error_rates=(
            ErrorRow(
                condition="clean",
                min_voiced_s=0.0,
                bonafide_rejected_rate=0.5,
                spoof_accepted_rate=0.5,
                decided_share=0.5,
                n_bonafide=1,
                n_spoof=1,
            ),
        ),
        figures=(),
        training=TrainingFacts(
            recipe="training/recipes/tiny.py",
            data="none: random weights",
            generators=(),
            cutoff="2026-01-01",
            seed=SEED,
        ),
        languages=(),
        limits=("It is untrained: its scores mean nothing.",),
        licence="Apache-2.0",
    )


def write_tiny_detector(path: Path) -> str:
    """Write the tiny detector and return its SHA-256; the same seed gives the same weights."""
    torch.manual_seed(SEED)
    net = Vit(VIT)
    samples = 0.1 * torch.randn(16, 16_000)
    # The net crops nothing: 101 frames are 10 strips and one frame that is left over.
    example = torch.from_numpy(compute("log_mel", FRONT_END_CONFIG, samples.numpy()))
    net.train()
    for _ in range(50):  # the input statistics of noise, so that scores stay small
        net.input_norm(example.transpose(1, 2))
    return export_detector(net, [example], tiny_card(), path)
