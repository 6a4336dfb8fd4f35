"""Fit own: train one of the own nets on a corpus' open genuine speech, on one core, in minutes.

Loss: spectra of three resolutions (log and linear), then, after the first part, critics. A
checkpoint each few minutes; all are kept, for half-trained nets leave other traces than trained
ones. A run goes on from its newest checkpoint.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, Label
from training.manifests import Utterance
from training.splits import CLOSED_FOLD
from training.synthesis.engines import SAMPLE_RATE
from training.synthesis.nets.critics import Critics, critic_loss, maker_loss
from training.synthesis.nets.mel import magnitudes
from training.synthesis.nets.own import OWN_NETS, OwnNet

_log = logging.getLogger(__name__)

RESOLUTIONS = ((400, 100), (1024, 256), (2048, 512))
QUIETEST = 0.01  # RMS of a crop that is worth a step


@dataclass(frozen=True, slots=True)
class OwnFit:
    """How an own net is trained."""

    minutes: float = 20.0  # of the clock, this run
    n_items: int = 8
    crop_s: float = 0.6
    learning_rate: float = 1e-3
    critic_rate: float = 4e-4
    critics_from: int = 900  # steps; before, spectra alone
    half_life: int = 4_000  # steps in which the rates halve
    checkpoint_s: float = 150.0
    seed: int = 0
    max_steps: int | None = None


def fit_own(
    name: str,
    utterances: Sequence[Utterance],
    folder: Path,
    fit: OwnFit,
    advance: Callable[[int, float], None],
) -> Path:
    """Train, write checkpoints into the folder, and return the newest one's path.

    Args:
        name: one of `OWN_NETS`.
        utterances: the corpus; its open genuine speech is used.
        folder: where checkpoints lie, `NAME/STEP.pt`.
        fit: how.
        advance: told each step and its spectral loss.

    Raises:
        InputError: no such net, or nothing to train on.
    """
    if name not in OWN_NETS:
        raise InputError(f"no own net {name}; there are {', '.join(OWN_NETS)}")
    torch.manual_seed(fit.seed)
    state = _State(OWN_NETS[name](), Critics(), fit)
    step = state.resume(folder / name)
    crops = Crops(utterances, state.net, fit, step)
    started = saved = time.monotonic()
    while not _is_done(step, started, fit):
        loss = state.take_step(crops, step)
        step += 1
        advance(step, loss)
        if time.monotonic() - saved > fit.checkpoint_s:
            state.save(folder / name, step)
            saved = time.monotonic()
    return state.save(folder / name, step)


class Crops:
    """Random pieces of open genuine speech, each source as often as the next, at a net's rate."""

    def __init__(
        self, utterances: Sequence[Utterance], net: OwnNet, fit: OwnFit, step: int
    ) -> None:
        """Build the layers."""
        by_source: dict[str, list[Path]] = {}
        for row in utterances:
            if row.label is Label.BONAFIDE and row.fold != CLOSED_FOLD:
                by_source.setdefault(row.source, []).append(row.path)
        if not by_source:
            raise InputError("the corpus has no open genuine speech to train on")
        self._sources = [paths for _, paths in sorted(by_source.items())]
        self._read: dict[Path, FloatArray] = {}
        self._random = np.random.default_rng((fit.seed, step))
        self._n_items = fit.n_items
        self._rate = net.sample_rate
        n_frames = int(fit.crop_s * net.sample_rate / net.hop_length)
        self._n_samples = n_frames * net.hop_length

    def next_batch(self) -> Tensor:
        """Return (n_items, n_samples) of loud crops, peaks of 0.2 to 0.95."""
        return torch.stack([self._crop() for _ in range(self._n_items)])

    def _crop(self) -> Tensor:
        n_wanted = int(self._n_samples * SAMPLE_RATE / self._rate) + 64
        for _ in range(8):
            paths = self._sources[int(self._random.integers(len(self._sources)))]
            samples = self._samples(paths[int(self._random.integers(len(paths)))])
            if len(samples) < n_wanted:
                samples = np.resize(samples, n_wanted)
            at = int(self._random.integers(len(samples) - n_wanted + 1))
            piece = samples[at : at + n_wanted]
            if np.sqrt(np.mean(piece**2)) > QUIETEST:
                break
        level = self._random.uniform(0.2, 0.95) / (np.abs(piece).max() + 1e-6)
        crop = soxr.resample(piece * np.float32(level), SAMPLE_RATE, self._rate)[: self._n_samples]
        return torch.from_numpy(np.ascontiguousarray(crop, dtype=np.float32))

    def _samples(self, path: Path) -> FloatArray:
        if path not in self._read:
            self._read[path] = soundfile.read(path, dtype="float32")[0]
        return self._read[path]


class _State:
    """The net, its critics, and their optimisers."""

    def __init__(self, net: OwnNet, critics: Critics, fit: OwnFit) -> None:
        """Build the layers."""
        self.net, self.critics, self.fit = net, critics, fit
        betas = (0.8, 0.99)
        self.maker = torch.optim.AdamW(net.parameters(), fit.learning_rate, betas)
        self.judge = torch.optim.AdamW(critics.parameters(), fit.critic_rate, betas)
        self.random = np.random.default_rng(fit.seed)

    def take_step(self, crops: Crops, step: int) -> float:
        """Train on one batch; return its spectral loss."""
        decay = 0.5 ** (step / self.fit.half_life)
        self.maker.param_groups[0]["lr"] = self.fit.learning_rate * decay * min(1.0, step / 100)
        self.judge.param_groups[0]["lr"] = self.fit.critic_rate * decay
        genuine = crops.next_batch()
        made, own_loss = self.net.copy(genuine, self.random)
        spectral = spectral_loss(genuine, made)
        loss = spectral + 0.25 * own_loss
        if step >= self.fit.critics_from:
            judged = critic_loss(self.critics(genuine), self.critics(made.detach()))
            self.judge.zero_grad()
            judged.backward()  # type: ignore[no-untyped-call]
            self.judge.step()
            with torch.no_grad():
                seen = self.critics(genuine)
            loss = loss + 0.15 * maker_loss(seen, self.critics(made))
        self.maker.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.maker.step()
        return float(spectral.detach())

    def save(self, folder: Path, step: int) -> Path:
        """Write the checkpoint in one step; optimisers lie apart, newest only."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{step:06d}.pt"
        _write(path, {"net": self.net.state_dict(), "step": step, "seed": self.fit.seed})
        rest = {
            "step": step,
            "critics": self.critics.state_dict(),
            "maker": self.maker.state_dict(),
            "judge": self.judge.state_dict(),
        }
        _write(folder / "newest.state", rest)
        _log.info("checkpoint", extra={"path": str(path)})
        return path

    def resume(self, folder: Path) -> int:
        """Take up the newest checkpoint; return its step, 0 where there is none."""
        newest = folder / "newest.state"
        if not newest.exists():
            return 0
        rest = torch.load(newest, weights_only=True)
        step = int(rest["step"])
        self.net.load_state_dict(torch.load(folder / f"{step:06d}.pt", weights_only=True)["net"])
        self.critics.load_state_dict(rest["critics"])
        self.maker.load_state_dict(rest["maker"])
        self.judge.load_state_dict(rest["judge"])
        return step


def spectral_loss(genuine: Tensor, made: Tensor) -> Tensor:
    """Return the mean over resolutions of log distance and spectral convergence.

    Source: Yamamoto, Song and Kim, "Parallel WaveGAN" (2020).
    """
    losses = []
    for n_fft, hop_length in RESOLUTIONS:
        wanted, found = (magnitudes(x, n_fft, hop_length) for x in (genuine, made))
        losses.append((torch.log(wanted + 1e-3) - torch.log(found + 1e-3)).abs().mean())
        losses.append(torch.linalg.norm(wanted - found) / torch.linalg.norm(wanted))
    return torch.stack(losses).sum() / len(RESOLUTIONS)


def _is_done(step: int, started: float, fit: OwnFit) -> bool:
    """Say whether time or steps are used up."""
    if fit.max_steps is not None and step >= fit.max_steps:
        return True
    return time.monotonic() - started > 60 * fit.minutes


def _write(path: Path, content: dict[str, object]) -> None:
    """Write a file in one step."""
    partial = path.with_suffix(".part")
    torch.save(content, partial)
    partial.replace(path)
