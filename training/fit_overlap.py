"""Makes the net that hears several voices at once: `python -m training.fit_overlap --help`.

Banks of mixtures first, then the net, then its figures on speakers and sources that training never
heard, asked of the file that ships. The run is in `recipes/overlapped_speech.py`.
"""

import argparse
import logging
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, Figure, FrontEndSpec, OverlapCard, TrainingFacts
from pipeline.overlapped_speech import OverlapDetector
from training.fit_mask import register
from training.lossy_codecs import (
    HARD_CODECS,
    TELEPHONE_CODECS,
    WEB_CODECS,
    code_together,
    runnable,
)
from training.mask_pools import SAMPLE_RATE, Pool, kept_pool
from training.models.overlap_net import OverlapNet
from training.overlap_figures import measure
from training.overlap_mixtures import HOP_LENGTH, N_SAMPLES, Voices, make_mixture, read_voices
from training.overlap_voices import rows_of
from training.recipes.overlapped_speech import RECIPE, OverlapRecipe

MUSIC = (
    *("composed", "sound_font", "music_wesnoth", "music_nexuiz", "music_extremetux"),
    "music_game_sounds",
)
CHECK_MUSIC = (
    *("composed_check", "sound_font_check", "check_drascula", "check_hyperrogue", "check_asc"),
)
FRONT_END = FrontEndSpec(
    input_name="log_mel",
    front_end="log_mel",
    config={
        "n_fft": 1024,  # 64 ms: tells the harmonics of two voices from each other
        "hop_length": HOP_LENGTH,
        "n_mels": RECIPE.net.n_mels,
        "low_hz": 60.0,
        "high_hz": 3700.0,  # a telephone has as much
    },
)
N_FRAMES = N_SAMPLES // HOP_LENGTH
SECOND_FRAMES = SAMPLE_RATE // HOP_LENGTH

logger = logging.getLogger(__name__)


def make_banks(
    recipe: OverlapRecipe, voices: Voices, music: Sequence[Pool], folder: Path
) -> list[Path]:
    """Return the banks of mixtures, made where they are not there yet."""
    codecs = runnable((*HARD_CODECS, *TELEPHONE_CODECS, *WEB_CODECS))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"b{number:04d}.npz" for number in range(recipe.n_banks)]
    for number, path in enumerate(paths):
        if path.exists():
            continue
        rng = np.random.default_rng([recipe.seed, number])
        made = [make_mixture(rng, voices, music) for _ in range(recipe.bank_size)]
        sounds = [sound for sound, _ in made]
        for group in range(recipe.n_codecs):
            codec = codecs[int(rng.integers(len(codecs)))]
            part = slice(group * recipe.n_coded, (group + 1) * recipe.n_coded)
            sounds[part] = code_together(sounds[part], codec)
        labels = np.stack([labels for _, labels in made])  # (n, 2, N_FRAMES)
        with path.with_suffix(".part").open("wb") as file:
            np.savez(
                file,
                x=features(np.stack(sounds))[:, :N_FRAMES].astype(np.float16),
                y=labels.reshape(len(made), 2, -1, 2).max(axis=3),
            )
        path.with_suffix(".part").replace(path)
        logger.info("bank %d of %d", number + 1, recipe.n_banks)
    return paths


def features(samples: np.ndarray) -> np.ndarray:
    """Return what the net hears of some sounds, float32 (n, n_frames, n_mels)."""
    return compute(FRONT_END.front_end, FRONT_END.config, samples)


def fit(recipe: OverlapRecipe, banks: Sequence[Path]) -> OverlapNet:
    """Return the trained net."""
    torch.manual_seed(recipe.seed)
    net = OverlapNet(recipe.net)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=recipe.peak_learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.peak_learning_rate, recipe.n_steps, pct_start=0.1
    )
    started_at, seen = time.monotonic(), 0.0
    for step, (heard, labels) in enumerate(_batches(recipe, banks), start=1):
        with torch.autocast("cpu", torch.bfloat16):
            logits = net.logits(heard)
        several, voiced = (
            functional.binary_cross_entropy_with_logits(logits[:, row].float(), labels[:, row])
            for row in (0, 1)
        )
        loss = several + recipe.any_voice_weight * voiced
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        seen += loss.item()
        if step % 25 == 0:
            logger.info(
                "step %d/%d %.0f s: %.4f",
                *(step, recipe.n_steps, time.monotonic() - started_at, seen / 25),
            )
            seen = 0.0
    return net.eval()


def _batches(recipe: OverlapRecipe, banks: Sequence[Path]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of a run: whole mixtures, or seconds of them that stand alone."""
    rng = np.random.default_rng(recipe.seed)
    n_left = recipe.n_steps
    while n_left:
        chosen = rng.choice(len(banks), min(recipe.banks_at_once, len(banks)), replace=False)
        loaded = [np.load(banks[index]) for index in chosen]
        x, y = (np.concatenate([bank[key] for bank in loaded]) for key in ("x", "y"))
        order = rng.permutation(len(x))
        for first in range(0, len(order) - recipe.batch_size + 1, recipe.batch_size):
            if not n_left:
                return
            n_left -= 1
            some = order[first : first + recipe.batch_size]
            yield _cut(rng, torch.from_numpy(x[some]).float(), torch.from_numpy(y[some]).float())


def _cut(rng: np.random.Generator, heard: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    n_seconds = int(rng.choice([0, 3, 2]))
    if n_seconds:
        n_frames = n_seconds * SECOND_FRAMES
        begin = int(rng.integers(0, (N_FRAMES - n_frames) // 2 + 1)) * 2
        n_mixtures, _, n_mels = heard.shape
        heard = heard[:, begin : begin + n_frames].reshape(-1, SECOND_FRAMES, n_mels)
        labels = labels[:, :, begin // 2 : (begin + n_frames) // 2]
        labels = labels.reshape(n_mixtures, 2, n_seconds, -1).transpose(1, 2).flatten(0, 1)
    if rng.random() < 0.3:  # half of them through another low-pass
        heard = heard.clone()
        heard[: len(heard) // 2, :, int(rng.integers(60, heard.shape[2])) :] = -15.0
    return heard, labels


def export(net: OverlapNet, card: OverlapCard, path: Path) -> None:
    """Write the net as ONNX with its card; the file is replaced at once or not at all."""
    unfinished = path.with_suffix(".part")
    example = torch.from_numpy(features(np.random.default_rng(0).normal(0, 0.1, (2, SAMPLE_RATE))))
    torch.onnx.export(
        net.eval(),
        (example.float(),),
        str(unfinished),
        input_names=[FRONT_END.input_name],
        output_names=["overlap"],
        dynamic_axes={axis: {0: "n"} for axis in (FRONT_END.input_name, "overlap")},
        opset_version=17,
        dynamo=False,  # the exporter that needs no further package
    )
    graph = onnx.load(str(unfinished))
    onnx.helper.set_model_props(graph, {METADATA_KEY: card.model_dump_json()})
    onnx.checker.check_model(graph)
    onnx.save(graph, str(unfinished))
    unfinished.replace(path)


def write_card(recipe: OverlapRecipe, voices: Voices, figures: tuple[Figure, ...]) -> OverlapCard:
    """Return the card of the trained net."""
    n_clips = sum(len(clips) for clips in voices.clips.values())
    return OverlapCard(
        name=recipe.name,
        sample_rate=SAMPLE_RATE,
        segment_samples=SAMPLE_RATE,
        front_ends=(FRONT_END,),
        flagged_from=recipe.flagged_from,
        figures=figures,
        training=TrainingFacts(
            recipe="training/recipes/overlapped_speech.py",
            data=f"{n_clips} clips of {len(voices.clips)} voices of the corpus, genuine and synthetic "
            f"alike, mixed; {recipe.n_banks * recipe.bank_size} mixtures of 3.6 s",
            generators=(),  # synthetic speech is voice to this net, whoever made it
            cutoff=datetime.now(UTC).date().isoformat(),
            seed=recipe.seed,
        ),
        limits=(
            "Trained on voices that were mixed, not on people who talk to each other.",
            "A voice more than 15 dB under another does not count.",
            "Voices that sing, and babble of many voices, were not in training.",
        ),
        licence="Apache-2.0",
    )


def main() -> None:
    """Make the banks, train, export, measure the file, and write the card with the figures."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments = _arguments()
    torch.set_num_threads(1)
    rows = rows_of(arguments.corpus, RECIPE)
    voices = read_voices(rows["train"])
    music, check_music = (
        [kept_pool(arguments.music_of / name) for name in names] for names in (MUSIC, CHECK_MUSIC)
    )
    banks = make_banks(RECIPE, voices, music, arguments.work / "banks")
    weights = arguments.work / f"{RECIPE.name}.pt"
    if weights.exists():
        net = OverlapNet(RECIPE.net)
        net.load_state_dict(torch.load(weights, weights_only=True))
    else:
        net = fit(RECIPE, banks)
        torch.save(net.state_dict(), weights)
    trial = arguments.work / arguments.out.name
    export(net, write_card(RECIPE, voices, ()), trial)
    figures = measure(
        OverlapDetector(trial, ""),
        {part: read_voices(rows[part]) for part in ("speakers", "sources")},
        check_music,
    )
    export(net, write_card(RECIPE, voices, figures), arguments.out)
    register(arguments.out, RECIPE.name, "overlap")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.fit_overlap", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--music-of", type=Path, required=True, help="work folder of fit_mask")
    parser.add_argument("--work", type=Path, required=True, help="folder for banks and weights")
    parser.add_argument(
        "--out", type=Path, default=Path("storage/models/overlapped_speech_v1.onnx")
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
