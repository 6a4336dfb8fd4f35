"""Makes the voice separator: `python -m training.fit_mask --help`; the run is in `recipes`.

The net of the voice activity is trained here, the net of the mask has published weights.
Resumable: a step's mixtures depend on the seed and the step alone, and the checkpoint holds the
rest. What ships is the running average of the weights, exported to ONNX and measured as a file.
"""

import argparse
import hashlib
import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from pipeline.model_card import Figure, SeparatorCard, TrainingFacts
from pipeline.separate import Separator
from training.learning_curves import CurveWriter, curve_path
from training.mask_export import export
from training.mask_figures import measure
from training.mask_loss import distortion_weight, losses_of
from training.mask_pools import (
    SAMPLE_RATE,
    Pool,
    composed_pool,
    recorded_pool,
    sound_font_pool,
    speech_pool,
)
from training.mixtures import MixtureBatch, make_batch, paired_anew
from training.models.published_mask import read_published
from training.models.separator_net import SeparatorNet
from training.models.vocal_mask import VocalMask
from training.recipes.vocal_mask import HOP_LENGTH, RECIPE, WINDOW_FRAMES, VocalMaskRecipe

SOUND_SUFFIXES = frozenset({".ogg", ".oga", ".opus", ".mp3", ".wav", ".flac", ".m4a"})

logger = logging.getLogger(__name__)


class Mixtures(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Batches of mixtures from one step on; a worker process makes them ahead of time."""

    def __init__(
        self, recipe: VocalMaskRecipe, speech: Pool, music: tuple[Pool, ...], first_step: int
    ) -> None:
        """Remember what to draw from."""
        self._recipe, self._speech, self._music = recipe, speech, music
        self._first_step = first_step

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield recorded and voice (n, n_samples) and is_voiced (n, n_frames) of each step."""
        recipe = self._recipe
        for step in range(self._first_step // 2 * 2, recipe.n_steps, 2):
            rng = np.random.default_rng((recipe.seed, step))
            batch = make_batch(rng, self._speech, self._music, recipe.mixtures, recipe.batch_size)
            # making a batch costs as much as learning from it: so each serves twice
            batches = (batch, paired_anew(rng, batch, recipe.mixtures))
            for mixtures in (
                batches[self._first_step - step :] if step < self._first_step else batches
            ):
                yield (
                    torch.from_numpy(mixtures.recorded),
                    torch.from_numpy(mixtures.voice),
                    torch.from_numpy(frame_labels(mixtures)),
                )


def frame_labels(batch: MixtureBatch) -> np.ndarray:
    """Return float32 (n, n_frames): a frame is voiced if one of the two cells that it spans is."""
    labels: np.ndarray = (batch.is_voiced[:, :-1] | batch.is_voiced[:, 1:]).astype(np.float32)
    return labels


class _Logits(nn.Module):
    """The net as it is trained: logits instead of shares, for a loss that does not saturate."""

    def __init__(self, net: VocalMask) -> None:
        super().__init__()
        self.net = net

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        return self.net.logits(magnitude)


def fit(
    recipe: VocalMaskRecipe,
    speech: Pool,
    music: tuple[Pool, ...],
    checkpoint: Path,
    until_step: int | None = None,
) -> VocalMask:
    """Return the net (its averaged weights), going on from the checkpoint if there is one.

    Args:
        recipe: the run.
        speech: what a voice is.
        music: what music is; a pool is drawn from as often as any other.
        checkpoint: where the state of the run is kept.
        until_step: stop early, after this step; None = at the recipe's end.
    """
    torch.manual_seed(recipe.seed)
    model = _Logits(VocalMask(recipe.net))
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a third faster
    averaging = get_ema_multi_avg_fn(recipe.average_decay)  # type: ignore[no-untyped-call]
    average = AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.peak_learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.peak_learning_rate, total_steps=recipe.n_steps + 1, pct_start=0.08
    )
    step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        step = int(state["step"])
        logger.info("going on at step %d", step)
    loader = DataLoader(
        Mixtures(recipe, speech, music, step), batch_size=None, num_workers=1, prefetch_factor=4
    )
    model.train()
    started_at, seen = time.monotonic(), torch.zeros(3)
    with CurveWriter(curve_path(checkpoint), step) as curve:
        for recorded, voice, is_voiced in loader:
            if step == until_step:
                break
            losses = losses_of(model, recorded, voice, is_voiced, recipe)
            optimizer.zero_grad()
            total = losses.total(distortion_weight(step / recipe.n_steps))
            total.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            curve.add(step + 1, float(total.detach()), float(schedule.get_last_lr()[0]))
            schedule.step()
            average.update_parameters(model)
            parts = (losses.activity, losses.spectrum, losses.distortion_db)
            seen += torch.stack([part.detach() for part in parts])
            step += 1
            if step % recipe.save_every == 0 or step == recipe.n_steps:
                state = {
                    "step": step,
                    "model": model.state_dict(),
                    "average": average.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                }
                torch.save(state, checkpoint.with_suffix(".part"))
                checkpoint.with_suffix(".part").replace(checkpoint)
                shares = " ".join(f"{value:.4f}" for value in (seen / recipe.save_every).tolist())
                logger.info(
                    "step %d/%d %.0f s: %s",
                    step,
                    recipe.n_steps,
                    time.monotonic() - started_at,
                    shares,
                )
                seen.zero_()
    model.load_state_dict(average.module.state_dict())
    return model.net


def write_card(recipe: VocalMaskRecipe, data: str, figures: tuple[Figure, ...]) -> SeparatorCard:
    """Return the card of the trained net."""
    return SeparatorCard(
        name=recipe.name,
        sample_rate=SAMPLE_RATE,
        n_fft=recipe.net.n_fft,
        hop_length=HOP_LENGTH,
        window_frames=WINDOW_FRAMES,
        voice_threshold=recipe.voice_threshold,
        figures=figures,
        training=TrainingFacts(
            recipe="training/recipes/vocal_mask.py",
            data=data,
            generators=(),  # synthetic speech is voice to this net, whoever made it
            cutoff=datetime.now(UTC).date().isoformat(),
            seed=recipe.seed,
        ),
        limits=(
            "Singing was not in training: a song may count as voice or as music.",
            "Voices in the background count as voice, one or many.",
            "The mask's weights were trained by others, on read speech that may share speakers with "
            "LibriSpeech; music was not what they were made for.",
            "Under 4 s the window is filled up with silence.",
        ),
        licence="Apache-2.0; mask weights MIT, copyright (c) 2024 Rong Xiaobin (GTCRN)",
    )


def register(model: Path, name: str, role: str = "separator") -> None:
    """Put the file and its checksum into the models.json beside it, other entries untouched."""
    table = model.with_name("models.json")
    entries = json.loads(table.read_text(encoding="utf-8")) if table.exists() else {}
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    entries[name] = {"file": model.name, "sha256": sha256, "role": role, "default": True}
    table.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Make the pools, train, export, measure, and write the card with the figures."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = _arguments()
    torch.set_num_threads(1)
    folder: Path = arguments.work
    speech = speech_pool(arguments.corpus, RECIPE.train_folds, folder, "speech_train")
    music = [composed_pool(folder, "composed", RECIPE.n_composed, seed=1)]
    check_speech = speech_pool(arguments.corpus, RECIPE.check_folds, folder, "speech_check")
    check_music = {"composed": composed_pool(folder, "composed_check", 16, seed=2)}
    if arguments.sound_font:
        font = arguments.sound_font
        music.append(sound_font_pool(folder, "sound_font", RECIPE.n_sound_font, 2, font))
        check_music["sound font"] = sound_font_pool(folder, "sound_font_check", 16, 4, font)
    music += [
        recorded_pool(folder, f"music_{path.name}", _sounds_in(path)) for path in arguments.music
    ]
    for path in arguments.check_music:
        check_music[path.name] = recorded_pool(folder, f"check_{path.name}", _sounds_in(path))

    hearing = fit(RECIPE, speech, tuple(music), folder / "checkpoint.pt")
    net = SeparatorNet(hearing, read_published(arguments.parting), RECIPE.parting)
    data = (
        f"Voice activity: speech of both classes alike: {_described(speech)}; not voice: "
        + ", ".join(_described(pool) for pool in music)
        + ". Mask: weights published with GTCRN (third Deep Noise Suppression challenge), unchanged"
    )
    trial = folder / arguments.out.name
    export(net, write_card(RECIPE, data, ()), trial)
    figures = measure(Separator(trial), check_speech, check_music)
    for figure in figures:
        logger.info("%s: %s %.4g", figure.test, figure.metric, figure.value)
    export(net, write_card(RECIPE, data, figures), arguments.out)
    register(arguments.out, RECIPE.name)


def _described(pool: Pool) -> str:
    minutes = pool.lengths.sum() / SAMPLE_RATE / 60
    return f"{pool.name} ({len(pool.lengths)} clips, {minutes:.0f} min)"


def _sounds_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND_SUFFIXES)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.fit_mask", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder for pools and checkpoint")
    parser.add_argument(
        "--parting", type=Path, required=True, help="gtcrn_simple.onnx, as its author published it"
    )
    parser.add_argument("--sound-font", type=Path, help="an .sf2 file; needs FluidSynth")
    parser.add_argument(
        "--music", type=Path, action="append", default=[], help="folder, repeatable"
    )
    parser.add_argument(
        "--check-music", type=Path, action="append", default=[], help="for figures only, repeatable"
    )
    parser.add_argument("--out", type=Path, default=Path("storage/models/vocal_mask_v2.onnx"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
