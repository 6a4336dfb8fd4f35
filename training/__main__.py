"""`python -m training`: make, measure and export detectors."""

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from training.baseline import measure_baseline
from training.commands import datasets, synthesize, validation
from training.detector_card import decide_on, make_card, measured_figures
from training.feature_cache import CLEAN, make_copy, open_copy
from training.manifests import read_manifest
from training.recipes.phase_fusion import NAME, RECIPE, TEST_COPIES, TRAINING_COPIES
from training.recipes.tiny import write_tiny_detector
from training.release import fit_fusion, fit_release, fuse, score_inner_folds
from training.segment_scores import cut_segments
from training.shipping import ship
from training.splits import split_release

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
console = Console()

Corpus = Annotated[Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")]
Cache = Annotated[Path, typer.Option(help="Folder outside git for features and checkpoints.")]
Models = Annotated[Path, typer.Option(help="Folder of shipped models.")]

SHIPPED = Path("storage/models")


@app.callback()
def start(threads: Annotated[int, typer.Option(help="CPU threads of PyTorch.")] = 1) -> None:
    """Set up logging and threads for every command."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(threads)


@app.command()
def cache(corpus: Corpus, folder: Cache) -> None:
    """Make the corpus' features, clean and degraded (about 600 MB a copy; done ones are kept).

    Example: python -m training cache --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    plans = {plan.name: plan for plan in (*TRAINING_COPIES, *(plan for _, plan in TEST_COPIES))}
    for plan in plans.values():
        make_copy(utterances, plan, folder)


@app.command()
def fit(corpus: Corpus, folder: Cache, models: Models = SHIPPED) -> None:
    """Fit, calibrate and export the detector; nets go on from their checkpoints.

    Example: python -m training fit --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    inner = score_inner_folds(utterances, folder, RECIPE)
    weights = fit_fusion(inner)
    detector = fit_release(utterances, folder, RECIPE, weights)
    segments = fuse(inner, weights)
    decisions = decide_on(segments, RECIPE)
    figures = measured_figures(segments, decisions.calibration, "inner folds 0 to 3")
    train = [row for row in split_release(utterances).train if not row.is_codec]
    card = make_card(segments, decisions, train, figures, RECIPE.fit.seed)
    opened = open_copy(folder, CLEAN.name)
    example = torch.cat([cut_segments(opened, row) for row in range(8)])
    console.print(f"{NAME}: {ship(detector, example, card, models)}")


@app.command()
def baseline(corpus: Corpus, folder: Cache, fold: int = 0) -> None:
    """Fit the plain log-mel ViT on one inner fold and print its clean EER.

    Example: python -m training baseline --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    console.print(
        f"log-mel ViT, inner fold {fold}: {measure_baseline(utterances, folder, fold):.3f}"
    )


@app.command()
def export_tiny(
    path: Annotated[Path, typer.Option(help="Where it goes.")] = Path(
        "tests/data/tiny_detector.onnx"
    ),
) -> None:
    """Write the tiny untrained detector that tests use.

    Example: python -m training export-tiny
    """
    console.print(write_tiny_detector(path))


synthesize.register(app)
datasets.register(app)
validation.register(app)

if __name__ == "__main__":
    app()
