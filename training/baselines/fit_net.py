"""Fit net: trains any baseline net within a budget of processor time; resumable, seeded.

Every net gets the same: AdamW, a warm-up and half a cosine over the budget, batches of which half is
bona fide, groups (source or generator) drawn by the root of their size, label smoothing, no
augmentation, no early stop, no choice of checkpoint. The budget is processor time of this process,
not the clock, so that a busy machine does not shorten it. Who has seen the training windows
`MAX_PASSES` times stops before.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.vocabulary import FloatArray, IntArray
from training.baselines.windows import Features, Windows
from training.calibration import balanced_weights
from training.learning_curves import CurveWriter, curve_path

_log = logging.getLogger(__name__)

MAX_PASSES = 30  # over the training windows: small nets would only learn them by heart
WARMUP_SHARE = 0.05  # of the budget
SAVE_EVERY_S = 20.0  # of processor time
SCORED_AT_ONCE = 64  # windows


@dataclass(frozen=True, slots=True)
class NetFitConfig:
    """One run; with the data and the machine's speed it determines the weights."""

    budget_s: float  # of processor time
    learning_rate: float = 1e-3
    batch_size: int = 64
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    seed: int = 1


@dataclass(frozen=True, slots=True)
class NetFit:
    """What came of a run."""

    net: nn.Module
    n_windows_seen: int
    used_s: float  # processor time


def fit_net(
    net: nn.Module, features: Features, windows: Windows, config: NetFitConfig, checkpoint: Path
) -> NetFit:
    """Train a net from features (n, n_frames, n_values) to CM scores (n,).

    A run that was broken off goes on from its checkpoint; a finished one is only loaded.
    """
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    n_seen, used_s = _resume(net, optimiser, checkpoint)
    random = np.random.default_rng([config.seed, n_seen])
    torch.manual_seed(config.seed + n_seen)
    rows = np.flatnonzero(windows.is_training)
    shares = np.cumsum(balanced_weights(windows.is_bonafide[rows], windows.group[rows]))
    n_most = MAX_PASSES * len(rows)
    net.train()
    if n_seen >= n_most or used_s >= config.budget_s:
        return NetFit(net.eval(), n_seen, used_s)
    with CurveWriter(curve_path(checkpoint), n_seen // config.batch_size) as curve:
        started, saved_s = time.process_time() - used_s, used_s
        while n_seen < n_most and used_s < config.budget_s:
            progress = max(used_s / config.budget_s, n_seen / n_most)
            learning_rate = config.learning_rate * learning_rate_share(progress)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate
            drawn = rows[np.searchsorted(shares, random.random(config.batch_size) * shares[-1])]
            loss = _step(net, optimiser, features, windows, drawn, config.label_smoothing)
            n_seen += config.batch_size
            curve.add(n_seen // config.batch_size, loss, learning_rate)
            used_s = time.process_time() - started
            if used_s - saved_s > SAVE_EVERY_S:
                saved_s = used_s
                _save(net, optimiser, n_seen, used_s, checkpoint)
                _log.info("%.0f of %.0f s, %d windows seen", used_s, config.budget_s, n_seen)
    _save(net, optimiser, n_seen, used_s, checkpoint)
    return NetFit(net.eval(), n_seen, used_s)


def score_windows(net: nn.Module, features: Features, rows: IntArray) -> FloatArray:
    """Return CM scores (n_rows,) of some windows."""
    net.eval()
    parts = []
    with torch.inference_mode():
        for at in range(0, len(rows), SCORED_AT_ONCE):
            taken = torch.from_numpy(features.take(rows[at : at + SCORED_AT_ONCE]))
            parts.append(net(taken).float().numpy())
    return np.concatenate(parts)


def learning_rate_share(progress: float) -> float:
    """Return the share of the full learning rate at a share of the budget, from 0 to 1."""
    if progress < WARMUP_SHARE:
        return max(progress / WARMUP_SHARE, 0.02)
    return 0.5 * (1 + float(np.cos(np.pi * min(progress, 1.0)))) + 0.01


def _step(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    features: Features,
    windows: Windows,
    drawn: IntArray,
    smoothing: float,
) -> float:
    """Take one step on the drawn windows and return the loss."""
    score: Tensor = net(torch.from_numpy(features.take(drawn)))
    target = torch.from_numpy(windows.is_bonafide[drawn].astype(np.float32))
    loss = functional.binary_cross_entropy_with_logits(
        score, target * (1 - smoothing) + smoothing / 2
    )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optimiser.step()
    return float(loss.detach())


def _resume(
    net: nn.Module, optimiser: torch.optim.Optimizer, checkpoint: Path
) -> tuple[int, float]:
    """Load a checkpoint if there is one; return windows seen and processor time used."""
    if not checkpoint.exists():
        return 0, 0.0
    stored = torch.load(checkpoint, weights_only=True)
    net.load_state_dict(stored["net"])
    optimiser.load_state_dict(stored["optimiser"])
    return int(stored["n_seen"]), float(stored["used_s"])


def _save(
    net: nn.Module, optimiser: torch.optim.Optimizer, n_seen: int, used_s: float, checkpoint: Path
) -> None:
    """Write a checkpoint, whole or not at all."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "net": net.state_dict(),
        "optimiser": optimiser.state_dict(),
        "n_seen": n_seen,
        "used_s": used_s,
    }
    torch.save(state, checkpoint.with_suffix(".part"))
    checkpoint.with_suffix(".part").replace(checkpoint)
