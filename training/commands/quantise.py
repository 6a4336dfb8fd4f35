"""`python -m training quantise`: the detector in int8, as a model of its own, beside the float one."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from pipeline.calibrate import pooled_row
from pipeline.frontends import compute
from pipeline.model_card import ModelCard
from pipeline.vocabulary import FloatArray, Label
from training.export_onnx import replace_card
from training.feature_cache import read_speech
from training.inner_detectors import inner_path
from training.manifests import Utterance, read_manifest
from training.quantise import (
    QuantisedFigures,
    Tensors,
    compare,
    quantise_dynamic,
    quantise_static,
)
from training.splits import OPEN_FOLDS, split_inner
from training.validate import cut_samples, open_shipped

console = Console()
N_RANGES = 80  # training clips that the ranges of activations are measured on


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(quantise)


def quantise(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache; `inner-detectors` has run on it.")],
    clips_a_fold: Annotated[int, typer.Option(help="Held-out clips of each inner fold.")] = 120,
    static: Annotated[bool, typer.Option(help="Activations in int8 too.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
) -> None:
    """Quantise each inner fold's detector and print EER, flips, size and speed beside the float one.

    The int8 files lie under FOLDER/int8. One is worth shipping, with calibration and thresholds of
    its own, if its EER is within 0.5 points and it is both smaller and faster.

    Example: python -m training quantise --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    target_folder = folder / "int8"
    target_folder.mkdir(exist_ok=True)
    lines = [
        "| fold | EER float % | int8 % | largest shift | mean shift | decisions flipped % "
        "| size MB float / int8 | speed ratio | worth it |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for fold in track(OPEN_FOLDS, console=console):
        random = np.random.default_rng((seed, fold))
        split = split_inner(utterances, fold)
        path, target = inner_path(folder, fold), target_folder / f"inner{fold}_int8.onnx"
        card = open_shipped(path).card
        if static:
            drawn = _draw(split.train, N_RANGES, random)
            quantise_static(path, target, [_features(row, card) for row in drawn])
        else:
            quantise_dynamic(path, target)
        replace_card(target, card.model_copy(update={"name": f"{card.name}_int8"}))
        tested = _draw([row for row in split.test if not row.is_codec], clips_a_fold, random)
        figures = compare(
            path,
            target,
            [_features(row, card) for row in tested],
            np.array([row.label is Label.BONAFIDE for row in tested]),
            _score_thresholds(card),
        )
        lines.append(_line(fold, figures))
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _draw(
    rows: tuple[Utterance, ...] | list[Utterance], count: int, random: np.random.Generator
) -> list[Utterance]:
    chosen = random.choice(len(rows), size=min(count, len(rows)), replace=False)
    return [rows[i] for i in chosen]


def _features(row: Utterance, card: ModelCard) -> Tensors:
    segments: FloatArray = cut_samples(read_speech(row.path), card.segment_samples)
    return {
        spec.input_name: compute(spec.front_end, spec.config, segments) for spec in card.front_ends
    }


def _score_thresholds(card: ModelCard) -> tuple[float, float]:
    """Return the decision's thresholds on the mean CM score of a clip of 2 to 4 s."""
    row = pooled_row(card.calibration["recorded"].pooled, 2.0)
    low, high = card.thresholds.synthetic_below, card.thresholds.no_evidence_above
    return (low - row.offset) / row.scale, (high - row.offset) / row.scale


def _line(fold: int, figures: QuantisedFigures) -> str:
    return (
        f"| {fold} | {100 * figures.float_eer:.1f} | {100 * figures.int8_eer:.1f} "
        f"| {figures.largest_shift:.2f} | {figures.mean_shift:.3f} "
        f"| {100 * figures.flip_share:.1f} "
        f"| {figures.float_bytes / 1e6:.1f} / {figures.int8_bytes / 1e6:.1f} "
        f"| {figures.speed_ratio:.2f} | {'yes' if figures.is_worth_it else 'no'} |"
    )
