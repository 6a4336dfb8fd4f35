"""`python -m training`: make, measure and export detectors."""

import logging
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from training.commands import (
    attention_check,
    attribution,
    baselines,
    datasets,
    front_ends,
    harvest,
    inner_detectors,
    localisation,
    out_of_scope,
    quantise,
    search_precision,
    separation,
    synthesize,
    tuning,
    validation,
)
from training.detector_card import decide_on, example_inputs, make_card
from training.feature_cache import (
    join_copies,
    make_copy,
    manifest_key,
)
from training.manifests import read_manifest, read_manifests
from training.models.camplusplus import load_encoder
from training.recipes.phase_fusion import NAME, RECIPE, TEST_COPIES, TRAINING_COPIES
from training.recipes.tiny import write_tiny_detector
from training.release import fit_fusion, fit_release, fuse, fuse_without, score_inner_folds
from training.shipping import ship
from training.speaker_encodings import fetch_checkpoint
from training.splits import split_release

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
console = Console()

Corpus = Annotated[Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")]
Cache = Annotated[Path, typer.Option(help="Folder outside git for features and checkpoints.")]
More = Annotated[
    list[Path] | None,
    typer.Option(help="A manifest that is trained and tested on by its folds too."),
]
Made = Annotated[
    list[Path] | None, typer.Option(help="A manifest of copies that were made: only trained on.")
]
Models = Annotated[Path, typer.Option(help="Folder of shipped models.")]

SHIPPED = Path("storage/models")


@app.callback()
def start(threads: Annotated[int, typer.Option(help="CPU threads of PyTorch.")] = 1) -> None:
    """Set up logging and threads for every command."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(threads)


@app.command()
def cache(corpus: Corpus, folder: Cache, more: More = None, made: Made = None) -> None:
    """Make the features of all speech, clean and degraded (1 GB a copy; done ones are kept).

    Example: python -m training cache --corpus ../shared/corpus --folder ../cache
    """
    tables = [
        read_manifest(path) for path in (corpus / "manifest.csv", *(more or ()), *(made or ()))
    ]
    encoder = load_encoder(fetch_checkpoint(folder))
    trained = {plan.name: plan for plan in TRAINING_COPIES}
    plans = trained | {plan.name: plan for _, plan in TEST_COPIES}
    parts = [folder / "parts" / manifest_key(table) for table in tables]
    n_tested = len(tables) - len(made or ())
    for place, (table, part) in enumerate(zip(tables, parts, strict=True)):
        for plan in (plans if place < n_tested else trained).values():
            make_copy(table, plan, part, encoder=encoder)
    join_copies(parts, [*plans], folder)


@app.command()
def fit(
    corpus: Corpus,
    folder: Cache,
    more: More = None,
    made: Made = None,
    models: Models = SHIPPED,
) -> None:
    """Fit, calibrate and export the detector; nets go on from their checkpoints.

    Example: python -m training fit --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifests([corpus / "manifest.csv", *(more or ())], training_only=made or ())
    inner = score_inner_folds(utterances, folder, RECIPE)
    weights = fit_fusion(inner)
    segments = fuse(inner, weights)
    decisions = decide_on(segments, inner.fold, fuse_without(inner), RECIPE)
    detector = fit_release(utterances, folder, RECIPE, weights)
    train = [row for row in split_release(utterances).train if not row.is_codec]
    card = make_card(segments, decisions, train, RECIPE.fit.seed)
    example = example_inputs(utterances[:8])
    console.print(f"{NAME}: {ship(detector, example, card, models)}")


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
baselines.register(app)
front_ends.register(app)
separation.register(app)
harvest.register(app)
inner_detectors.register(app)
attribution.register(app)
localisation.register(app)
attention_check.register(app)
quantise.register(app)
out_of_scope.register(app)
tuning.register(app)
search_precision.register(app)

if __name__ == "__main__":
    app()
