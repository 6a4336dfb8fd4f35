"""Encoding net: a few small nets over a frozen encoder's statistics, their scores averaged.

The encoder has heard 200 000 speakers on all kinds of devices and knows nothing of synthesis. A
linear map of its statistics already finds unseen generators better than our own front ends do; a
small net with heavy dropout, mixing within each class, does a little better, and its mean over
several seeds is steadier (docs/validation.md).
"""

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.vocabulary import FloatArray
from training.early_stop import Development, EarlyStop, Watch
from training.learning_curves import CurveWriter, curve_path

_log = logging.getLogger(__name__)

CLIP = 6.0  # deviations, as in the kernel machine


@dataclass(frozen=True, slots=True)
class EncodingNetConfig:
    """Sizes, and how the nets are trained."""

    n_nets: int = 3
    width: int = 192
    narrow_width: int = 64
    dropout: float = 0.4
    input_dropout: float = 0.2
    n_steps: int = 2000
    batch_size: int = 512
    warmup_steps: int = 50
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    mixup_share: float = 0.5  # of batches mixed within each class
    label_smoothing: float = 0.1
    seed: int = 1
    early_stop: EarlyStop | None = None  # of each net by itself; None = the whole schedule


class EncodingNet(nn.Module):
    """Statistics (n, n_statistics) to CM scores (n,)."""

    def __init__(self, n_statistics: int, config: EncodingNetConfig) -> None:
        """Make untrained nets that share one standardisation of the input."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_statistics))
        self.register_buffer("scale", torch.ones(n_statistics))
        self.mean: Tensor
        self.scale: Tensor
        self.early_stops: list[dict[str, float]] = []  # how each net's run ended, if early
        self.nets = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(config.input_dropout),
                nn.Linear(n_statistics, config.width),
                nn.GELU(),
                nn.Dropout(config.dropout),
                nn.Linear(config.width, config.narrow_width),
                nn.GELU(),
                nn.Dropout(config.dropout / 2),
                nn.Linear(config.narrow_width, 1),
            )
            for _ in range(config.n_nets)
        )

    def forward(self, statistics: Tensor) -> Tensor:
        """Return CM scores (n,), the mean over the nets."""
        place = self.standardised(statistics)
        scores = torch.cat([net(place) for net in self.nets], dim=1)
        return scores.mean(dim=1)

    def standardised(self, statistics: Tensor) -> Tensor:
        """Return statistics in deviations from the mean, clipped."""
        return ((statistics - self.mean) / self.scale).clamp(-CLIP, CLIP)


def fit_encoding_net(
    statistics: FloatArray,
    is_bonafide: NDArray[np.bool_],
    weights: NDArray[np.float64],
    config: EncodingNetConfig,
    checkpoint: Path | None = None,
    development: Development | None = None,
) -> EncodingNet:
    """Return nets fitted on batches that are half bona fide and half spoof.

    Args:
        statistics: (n_rows, n_statistics).
        is_bonafide: (n_rows,).
        weights: (n_rows,): how often a row is drawn among its class.
        config: sizes and training.
        checkpoint: where the caller will keep the nets; their learning curves lie beside it.
        development: what is judged on, where the config stops early.
    """
    torch.manual_seed(config.seed)
    fitted = EncodingNet(statistics.shape[1], config)
    fitted.mean.copy_(torch.from_numpy(statistics.mean(axis=0)))
    fitted.scale.copy_(torch.from_numpy(statistics.std(axis=0) + 1e-6))
    places = fitted.standardised(torch.from_numpy(statistics))
    classes = [np.flatnonzero(is_bonafide), np.flatnonzero(~is_bonafide)]
    shares = [weights[rows] / weights[rows].sum() for rows in classes]
    for number, net in enumerate(fitted.nets):
        with ExitStack() as opened:
            run = _Run(config, config.seed + number, _watch(fitted, config, development))
            if checkpoint is not None:
                path = curve_path(checkpoint.with_stem(f"{checkpoint.stem}.net{number}"))
                run.curve = opened.enter_context(CurveWriter(path))
            loss = _fit_one(net, places, classes, shares, run)
        if config.early_stop is not None:
            fitted.early_stops.append(run.watch.record())
        _log.info("encoding net %d of %d, loss %.3f", number + 1, config.n_nets, loss)
    return fitted.eval()


@dataclass(slots=True)
class _Run:
    """What one net's training is run by."""

    config: EncodingNetConfig
    seed: int
    watch: Watch
    curve: CurveWriter | None = None


def _watch(
    fitted: EncodingNet, config: EncodingNetConfig, development: Development | None
) -> Watch:
    """Return what stops one net early, if anything does."""
    if development is None:
        return Watch(config.early_stop, None)
    held_out, error = development.statistics, development.error
    places = fitted.standardised(torch.from_numpy(held_out))
    return Watch(config.early_stop, lambda net: error(net(places).squeeze(1).numpy()))


def _fit_one(
    net: nn.Module,
    places: Tensor,
    classes: list[NDArray[np.int64]],
    shares: list[NDArray[np.float64]],
    run: _Run,
) -> float:
    """Train one net and return its last running loss."""
    config, watch = run.config, run.watch
    random = np.random.default_rng(run.seed)
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=config.weight_decay)
    half = config.batch_size // 2
    targets = torch.cat([torch.ones(half), torch.zeros(half)])
    smooth = targets * (1 - config.label_smoothing) + config.label_smoothing / 2
    running = 0.7
    net.train()
    for step in range(config.n_steps):
        cosine = 0.5 * (1 + float(np.cos(np.pi * step / config.n_steps)))
        warm = min(1.0, (step + 1) / config.warmup_steps)
        learning_rate = config.learning_rate * warm * cosine + 1e-6
        for group in optimiser.param_groups:
            group["lr"] = learning_rate
        drawn = [
            random.choice(rows, size=half, p=share)
            for rows, share in zip(classes, shares, strict=True)
        ]
        batch = places[np.concatenate(drawn)]
        if random.random() < config.mixup_share:
            other = np.r_[random.permutation(half), half + random.permutation(half)]
            share = torch.from_numpy(random.beta(0.5, 0.5, size=(2 * half, 1)).astype(np.float32))
            batch = share * batch + (1 - share) * batch[other]
        loss = functional.binary_cross_entropy_with_logits(net(batch).squeeze(1), smooth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        last = float(loss.detach())
        running = 0.98 * running + 0.02 * last
        error = watch.look(step + 1, net)
        if run.curve is not None:
            run.curve.add(step + 1, last, learning_rate, error)
        if watch.has_ended:
            break
    watch.put_best(net)
    return running
