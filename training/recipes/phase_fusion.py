"""Recipe `phase_fusion`: phase and spectrum beside a frozen speaker encoder, one graph.

A ViT hears the strips of the phase front end and the encoder's statistics of the same second, a
kernel machine the statistics of the phase front end, small nets the encoder's.

Run it again with `python -m training cache`, `fit` and, once nothing is chosen any more, `annotate`:
only `annotate` and `validate` open fold 4.
"""

from dataclasses import dataclass, field

from training.feature_cache import (
    CLEAN,
    CopyPlan,
    degraded_copy,
    degraded_pseudo_copy,
    pseudo_copy,
    web_copy,
)
from training.fit import FitConfig
from training.models.camplusplus import N_STATISTICS
from training.models.encoding_net import EncodingNetConfig
from training.models.kernel_machine import KernelConfig
from training.models.vit import VitConfig

NAME = "phase_fusion_v2"
DATA_CUTOFF = "2026-11-21"

# What training sees and what inner folds are tested on; the test copies are drawn anew.
TRAINING_COPIES: tuple[CopyPlan, ...] = (
    CLEAN,
    web_copy(1),
    degraded_copy(1),
    degraded_copy(2),
    pseudo_copy(1),
    degraded_pseudo_copy(1),
)

TEST_COPIES: tuple[tuple[str, CopyPlan], ...] = (
    ("clean", CLEAN),
    ("web", web_copy(2)),
    ("degraded", degraded_copy(3)),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that determines the detector, beside the data."""

    vit: VitConfig = field(
        default_factory=lambda: VitConfig(width=128, mlp_width=256, encoding_size=N_STATISTICS)
    )
    fit: FitConfig = field(
        default_factory=lambda: FitConfig(
            n_steps=1200,
            learning_rate=1.2e-3,
            warmup_steps=100,
            ema_decay=0.995,
            with_encoding=True,
            pseudo=(("jitter1", 0.25), ("jitter_degraded1", 0.1)),
            # Clean synthetic speech is rare on purpose: most of it gets the history of lossy
            # codecs that most genuine speech of the corpus has.
            copies=(
                ("clean", 0.35, 0.2),
                ("web1", 0.2, 0.35),
                ("degraded1", 0.23, 0.23),
                ("degraded2", 0.22, 0.22),
            ),
        )
    )
    kernel: KernelConfig = field(default_factory=KernelConfig)
    encoding: EncodingNetConfig = field(default_factory=EncodingNetConfig)
    # name of a copy -> weight of its segments in the kernel machine
    kernel_copies: tuple[tuple[str, float], ...] = (
        ("clean", 3.0),
        ("web1", 1.0),
        ("degraded1", 1.0),
    )
    # pseudo-spoofed copies of the same genuine utterances, and their share of the spoof side
    kernel_pseudo: tuple[tuple[str, float], ...] = (("jitter1", 0.25),)
    kernel_hop_frames: int = 56
    # of the LLR's evidence: a decided item of 4 s and more errs about this often in each class
    wanted_error: float = 0.05  # of either class, decided wrongly; how many are decided follows
    span_window_s: int = 6


RECIPE = Recipe()
