"""`python -m training separation-table`: what separation does to detection."""

import hashlib
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from pipeline.calibrate import pooled_row
from pipeline.errors import ModelMismatchError
from pipeline.score import Detector
from pipeline.separate import Separator
from storage.model_store import resolve_model
from training.export_onnx import graph_sha256, replace_card
from training.manifests import read_manifest
from training.mask_detection import (
    SNRS_DB,
    Heard,
    calibrate_apart,
    choose_clips,
    hear,
    join_heard,
    other_sounds,
    read_scores,
    scores_as_json,
    table_lines,
    tabulate,
)
from training.mask_pools import check_pools
from training.shipping import enter_model
from training.splits import OPEN_FOLDS, split_inner

console = Console()

Corpus = Annotated[Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")]
Work = Annotated[Path, typer.Option(help="Work folder of training.fit_mask, with its check pools.")]
Models = Annotated[Path | None, typer.Option(help="Detector file; default: the shipped one.")]
Inner = Annotated[
    Path | None,
    typer.Option(help="Folder with inner0.onnx ... inner3.onnx: each fold's own detector."),
]
Mask = Annotated[Path | None, typer.Option(help="Separator file; default: the shipped one.")]
Snrs = Annotated[
    list[float] | None,
    typer.Option("--snr", help="Voice over other sound in dB, again for more; default: 20 10 5 0."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(separation_table)
    app.command()(calibrate_separated)


def separation_table(  # noqa: PLR0913 the options of a command
    corpus: Corpus,
    work: Work,
    model: Models = None,
    inner: Inner = None,
    separator: Mask = None,
    clips: Annotated[int, typer.Option(help="Clips of each class and inner fold.", min=2)] = 60,
    snr: Snrs = None,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    out: Annotated[Path | None, typer.Option(help="JSON file for the clips' scores.")] = None,
) -> None:
    """Print detection under music and noise as recorded, separated, and both (never fold 4).

    Clips are those that each inner fold holds out. The shipped detector was trained on them: with
    it only the difference between the columns says something; --inner asks the folds' own files.

    Example: python -m training separation-table --corpus ../shared/corpus --work ../cache/mask
    """
    utterances = read_manifest(corpus / "manifest.csv")
    mask = Separator(separator or resolve_model("", "separator").path)
    others = other_sounds(list(check_pools(work).values()))
    parts: list[list[Heard]] = []
    with Progress(console=console) as progress:
        for fold in OPEN_FOLDS:
            file = inner / f"inner{fold}.onnx" if inner else model
            file = file or resolve_model("", "detector").path
            detector = Detector(file, hashlib.sha256(file.read_bytes()).hexdigest())
            rng = np.random.default_rng((seed, fold))
            chosen = choose_clips(split_inner(utterances, fold).test, clips, rng)
            bar = progress.add_task(f"inner fold {fold}", total=1 + 2 * len(snr or SNRS_DB))
            heard = []
            for part in hear(chosen, detector, mask, others, snr or SNRS_DB, seed + fold):
                heard.append(part)
                progress.advance(bar)
            parts.append(heard)
    joined = [join_heard(of_folds) for of_folds in zip(*parts, strict=True)]
    if out:
        out.write_text(scores_as_json(joined), encoding="utf-8")
    row = pooled_row(detector.card.calibration["recorded"].pooled, 2.0)
    for line in table_lines(tabulate(joined, row.scale, row.offset), joined):
        console.print(line, markup=False, soft_wrap=True)


def calibrate_separated(
    model: Annotated[Path, typer.Option(help="Detector file, beside models.json.")],
    scores: Annotated[Path, typer.Option(help="What separation-table wrote with --out.")],
) -> None:
    """Write a calibration of the separated voice into a detector's card; the graph stays.

    From then on the pipeline hears the separated voice where there is much else beside it.

    Example: python -m training calibrate-separated --model M.onnx --scores scores.json
    """
    content = model.read_bytes()
    card = Detector(model, hashlib.sha256(content).hexdigest()).card
    parts = read_scores(scores.read_text(encoding="utf-8"))
    separated = calibrate_apart(parts, card.calibration["recorded"])
    before = graph_sha256(model)
    calibration = {**card.calibration, "separated": separated}
    sha256 = replace_card(model, card.model_copy(update={"calibration": calibration}))
    if graph_sha256(model) != before:
        raise ModelMismatchError(f"{model.name} has another graph now: ship it again.")
    enter_model(model.parent, card.name, sha256)
    console.print(separated.model_dump_json(indent=2), markup=False)
