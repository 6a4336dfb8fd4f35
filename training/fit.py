"""Fit: trains a ViT on random crops of the feature cache; resumable, seeded, shows progress.

Each batch is half bona fide, half spoof; within a class, groups (source or generator) are drawn by
the square root of their size. Copies of the corpus are drawn by class, so that a history of lossy
codecs is as common on both sides. A part of the batches holds matched pairs: the genuine utterance
and its copy-synthesis, same place, same degradation.
"""

import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.vocabulary import IntArray, Label
from training.early_stop import EarlyStop, Judge, Watch
from training.feature_cache import HOP, CachedCopy, open_copy
from training.frame_layout import PHASE, FrameLayout
from training.learning_curves import CurveWriter, curve_path
from training.manifests import Utterance
from training.models.vit import Vit, VitConfig
from training.speaker_encodings import Encodings, open_encodings
from training.splits import group_name

_log = logging.getLogger(__name__)

FLOOR_POWER = 1e-9  # as in the front end


@dataclass(frozen=True, slots=True)
class FitConfig:
    """One training run; together with the data it determines the weights."""

    n_steps: int = 3000
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_steps: int = 150
    # step at which the learning rate rises again, and to which share of the full one
    restarts: tuple[tuple[int, float], ...] = ()
    label_smoothing: float = 0.1
    ema_decay: float = 0.998
    mixup_share: float = 0.4  # of batches mixed within each class
    pair_share: float = 0.3  # of batches made of matched pairs
    mask_share: float = 0.4  # of rows with a band and a stretch of time blanked
    block_drop_share: float = 0.08  # of rows that lose a whole block of values
    equaliser_db: float = 2.0  # smooth random gain on the log power
    group_power: float = 0.5  # a group is drawn by its size to this power
    seed: int = 1
    # name of a copy -> how often bona fide and spoof rows come from it
    copies: tuple[tuple[str, float, float], ...] = (("clean", 1.0, 1.0),)
    layout: FrameLayout = PHASE
    # pseudo-spoofed copies of the genuine utterances, and their share of the spoof side
    pseudo: tuple[tuple[str, float], ...] = ()
    with_encoding: bool = False  # crops come with the encoding of the nearest second
    early_stop: EarlyStop | None = None  # None = the whole schedule


class CropSampler:
    """Draws training crops; holds the opened copies for a run's life."""

    def __init__(
        self,
        utterances: Sequence[Utterance],
        rows: IntArray,
        cache: Path,
        config: FitConfig,
        n_frames: int,
    ) -> None:
        """Open the copies.

        Args:
            utterances: all that the copies hold, in their order.
            rows: which of them are trained on.
            cache: the folder of the copies.
            config: shares of copies, groups and pairs.
            n_frames: frames a crop.
        """
        self._config = config
        self._n_frames = n_frames
        names = [name for name, _, _ in config.copies] + [name for name, _ in config.pseudo]
        self._copies: list[CachedCopy] = [open_copy(cache, name) for name in names]
        self._encodings: list[Encodings] = (
            [open_encodings(cache, name) for name in names] if config.with_encoding else []
        )
        shares = np.array([share for _, *share in config.copies], dtype=np.float64)
        self._copy_share = shares / shares.sum(axis=0)  # (n_copies, 2)
        self._rows: list[IntArray] = []
        self._row_share: list[np.ndarray] = []
        for label in (Label.BONAFIDE, Label.SPOOF):
            of_class = np.array([row for row in rows if utterances[row].label is label])
            groups = [group_name(utterances[row]) for row in of_class]
            _, inverse, count = np.unique(groups, return_inverse=True, return_counts=True)
            weight = count[inverse] ** (config.group_power - 1.0)
            self._rows.append(of_class)
            self._row_share.append(weight / weight.sum())
        chosen = {utterances[row].clip_id: int(row) for row in rows}
        self._pairs = np.array(
            [
                (chosen[utterances[row].paired_with], row)
                for row in rows
                if utterances[row].paired_with in chosen
            ]
        ).reshape(-1, 2)

    def draw(self, random: np.random.Generator) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return a batch.

        Returns:
            crops (batch, n_frames, n_values), encodings (batch, encoding_size) where they are
            asked for, and targets (batch,): 1 = bona fide.
        """
        half = self._config.batch_size // 2
        paired = len(self._pairs) >= half and random.random() < self._config.pair_share
        crops: list[tuple[NDArray[np.float16], NDArray[np.float16] | None]] = []
        if paired:
            pairs = self._pairs[random.integers(len(self._pairs), size=half)]
            for genuine, spoof in pairs:
                source = int(random.choice(len(self._config.copies), p=self._copy_share[:, 1]))
                place = random.random()
                crops += [self._crop(int(row), source, place) for row in (genuine, spoof)]
            targets = np.tile(np.array([1.0, 0.0], dtype=np.float32), half)
        else:
            for side in (0, 1):
                rows = random.choice(self._rows[side], size=half, p=self._row_share[side])
                sources = random.choice(
                    len(self._config.copies), size=half, p=self._copy_share[:, side]
                )
                if side == 1:
                    self._put_pseudo(rows, sources, random)
                for row, source in zip(rows, sources, strict=True):
                    crops.append(self._crop(int(row), int(source), random.random(), random))
            targets = np.repeat(np.array([1.0, 0.0], dtype=np.float32), half)
        frames = torch.from_numpy(np.stack([crop for crop, _ in crops])).float()
        encodings = [encoding for _, encoding in crops if encoding is not None]
        encoded = torch.from_numpy(np.stack(encodings)).float() if encodings else None
        return frames, encoded, torch.from_numpy(targets)

    def _put_pseudo(self, rows: IntArray, sources: IntArray, random: np.random.Generator) -> None:
        """Replace some of the spoof rows by pseudo-spoofed copies of genuine ones, in place."""
        chances = [share for _, share in self._config.pseudo]
        for i, chance in enumerate(random.random(len(rows))):
            chosen = int(np.searchsorted(np.cumsum(chances), chance, side="right"))
            if chosen < len(chances):
                rows[i] = random.choice(self._rows[0], p=self._row_share[0])
                sources[i] = len(self._config.copies) + chosen

    def _crop(
        self,
        row: int,
        source: int,
        place: float,
        random: np.random.Generator | None = None,
    ) -> tuple[NDArray[np.float16], NDArray[np.float16] | None]:
        """Return a crop of an utterance and its encoding; quiet crops are drawn again.

        Log power is not yet relative.
        """
        opened = self._copies[source]
        room = max(0, int(opened.n_frames[row]) - self._n_frames)
        first = int(place * (room + 1))
        crop = opened.crop(row, first, self._n_frames)
        if random is not None and room > 0:
            loud = np.exp(crop[::4, self._config.layout.n_phase_values :].astype(np.float32)).mean()
            if loud < self._config.layout.quiet_power:
                first = int(random.integers(room + 1))
                crop = opened.crop(row, first, self._n_frames)
        if not self._encodings:
            return crop, None
        encodings = self._encodings[source]
        return crop, encodings.values[encodings.nearest(row, first * HOP)]


class Augmenter:
    """Changes crops as tensors: equaliser, masks, dropped blocks, mixing within a class."""

    def __init__(self, config: FitConfig) -> None:
        """Keep the shares."""
        self._config = config

    def apply(
        self,
        frames: Tensor,
        encodings: Tensor | None,
        targets: Tensor,
        random: np.random.Generator,
    ) -> tuple[Tensor, Tensor | None]:
        """Return frames with relative log power, and encodings, changed at random."""
        layout = self._config.layout
        frames = relative_power(frames, layout)
        n_rows, n_frames, n_values = frames.shape
        n_bands = n_values - layout.n_phase_values
        orders = np.arange(5)[:, None] * np.pi * np.linspace(0, 1, n_bands)  # (5, n_bands)
        turns = random.uniform(0, 2 * np.pi, size=(n_rows, 5, 1))
        heights = random.normal(size=(n_rows, 5, 1)) / np.arange(1, 6)[:, None]
        curve = (heights * np.cos(orders + turns)).sum(axis=1)  # (n_rows, n_bands), std about 0.9
        curve *= self._config.equaliser_db * np.log(10) / 10
        frames[:, :, layout.n_phase_values :] += torch.from_numpy(curve.astype(np.float32))[:, None]
        mean = frames.mean(dim=(0, 1))
        for row in np.flatnonzero(random.random(n_rows) < self._config.mask_share):
            width = int(random.integers(2, 14))
            first = int(random.integers(0, n_frames - width))
            frames[row, first : first + width] = mean
            share, low = random.uniform(0.03, 0.3), random.uniform(0, 0.95)
            for start, stop in layout.blocks:
                at = start + int(low * (stop - start))
                until = min(stop, at + max(1, int(share * (stop - start))))
                frames[row, :, at:until] = mean[at:until]
        for row in np.flatnonzero(random.random(n_rows) < self._config.block_drop_share):
            start, stop = layout.blocks[int(random.integers(len(layout.blocks)))]
            frames[row, :, start:stop] = mean[start:stop]
        if random.random() < self._config.mixup_share:
            return self._mix(frames, encodings, targets, random)
        return frames, encodings

    def _mix(
        self,
        frames: Tensor,
        encodings: Tensor | None,
        targets: Tensor,
        random: np.random.Generator,
    ) -> tuple[Tensor, Tensor | None]:
        """Return each row mixed with another row of its class."""
        other = torch.arange(len(targets))
        for target in (0.0, 1.0):
            of_class = torch.nonzero(targets == target).squeeze(1)
            other[of_class] = of_class[torch.from_numpy(random.permutation(len(of_class)))]
        share = torch.from_numpy(random.beta(0.5, 0.5, size=(len(targets), 1, 1)))
        share = share.to(frames.dtype)
        if encodings is not None:
            flat = share.squeeze(2)
            encodings = flat * encodings + (1 - flat) * encodings[other]
        return share * frames + (1 - share) * frames[other], encodings


def relative_power(frames: Tensor, layout: FrameLayout) -> Tensor:
    """Return what `pipeline.frontends.phase.relative_power` returns, as a tensor."""
    power = torch.exp(frames[:, :, layout.n_phase_values :])
    mean_power = power.mean(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    relative = torch.log(power / mean_power + FLOOR_POWER)
    return torch.cat([frames[:, :, : layout.n_phase_values], relative], dim=2)


def fit_vit(
    sampler: CropSampler,
    vit: VitConfig,
    config: FitConfig,
    checkpoint: Path,
    judge: Judge | None = None,
) -> Vit:
    """Return the averaged net after `n_steps`; goes on from the checkpoint if there is one.

    Args:
        sampler: draws the crops.
        vit: sizes of the net.
        config: the run.
        checkpoint: written every 250 steps; the learning curve lies beside it.
        judge: of the development part, where the config stops early.

    Raises:
        InputError: the checkpoint was trained with another early stop.
    """
    watch = Watch(config.early_stop, judge)
    torch.manual_seed(config.seed)
    net = Vit(vit)
    averaged = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(
        net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        step = int(state["step"])
        watch.restore(state, checkpoint.name)
    augmenter = Augmenter(config)
    started, first_step, running = time.monotonic(), step, 0.7
    if step >= config.n_steps or watch.has_ended:
        watch.put_best(averaged)
        return averaged.eval()
    with CurveWriter(curve_path(checkpoint), first_step) as curve:
        while step < config.n_steps and not watch.has_ended:
            random = np.random.default_rng((config.seed, step))  # a resumed run is the same
            learning_rate = config.learning_rate * _schedule(step, config)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate
            loss = _train_step(net, optimiser, sampler.draw(random), augmenter, random)
            _average(averaged, net, min(config.ema_decay, (1 + step) / (10 + step)))
            running = 0.98 * running + 0.02 * loss
            step += 1
            curve.add(step, loss, learning_rate, watch.look(step, averaged))
            if step % 250 == 0 or step == config.n_steps or watch.has_ended:
                rate = (step - first_step) * config.batch_size / (time.monotonic() - started)
                _log.info("step %d of %d, loss %.3f, %.0f/s", step, config.n_steps, running, rate)
                state = {
                    "net": net.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "step": step,
                } | watch.state()
                torch.save(state, checkpoint.with_suffix(".part"))
                checkpoint.with_suffix(".part").replace(checkpoint)
    watch.put_best(averaged)
    return averaged.eval()


def _train_step(
    net: Vit,
    optimiser: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor | None, Tensor],
    augmenter: Augmenter,
    random: np.random.Generator,
) -> float:
    """Take one step and return the loss."""
    crops, encodings, targets = batch
    frames, encodings = augmenter.apply(crops, encodings, targets, random)
    net.train()
    optimiser.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        score, _ = net(frames, encodings)
    smooth = targets * 0.9 + 0.05
    loss = functional.binary_cross_entropy_with_logits(score.float(), smooth)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(net.parameters(), 2.0)
    optimiser.step()
    return float(loss.detach())


def _schedule(step: int, config: FitConfig) -> float:
    """Return the share of the full learning rate: a warm-up, then half a cosine in each cycle."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    ends = [*(at for at, _ in config.restarts), config.n_steps]
    starts = [(config.warmup_steps, 1.0), *config.restarts]
    for (start, height), end in zip(starts, ends, strict=True):
        if step < end:
            progress = (step - start) / max(1, end - start)
            return height * 0.5 * (1 + float(np.cos(np.pi * progress))) + 0.01
    return 0.01


@torch.no_grad()
def _average(averaged: nn.Module, net: nn.Module, decay: float) -> None:
    """Move the averaged weights a little towards the net's."""
    for mean, value in zip(averaged.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1.0 - decay)
        else:
            mean.copy_(value)
