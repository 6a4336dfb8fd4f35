"""`python -m training inner-detectors`: a file for each inner fold, for what the pipeline measures."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from storage.model_store import resolve
from training.inner_detectors import write_inner_detectors
from training.manifests import read_manifests
from training.models.fusion import FusionWeights
from training.recipes.phase_fusion import RECIPE
from training.release import fit_fusion, score_inner_folds
from training.validate import open_shipped

console = Console()
More = Annotated[
    list[Path] | None, typer.Option(help="As in `fit`: a manifest trained and tested on too.")
]
Made = Annotated[list[Path] | None, typer.Option(help="As in `fit`: copies that are trained on.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(inner_detectors)


def inner_detectors(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache with the nets of `fit`.")],
    more: More = None,
    made: Made = None,
    weights: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(
            help="Fusion weights: ViT, kernel machine, encoding, offset; default: fitted."
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Detector whose card the files get; default: the shipped.")
    ] = None,
) -> None:
    """Write the detector of each inner fold under FOLDER/inner; files that are there are kept.

    Example: python -m training inner-detectors --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifests([corpus / "manifest.csv", *(more or ())], training_only=made or ())
    fused = (
        FusionWeights(*weights)
        if weights
        else fit_fusion(score_inner_folds(utterances, folder, RECIPE))
    )
    card = open_shipped(model or resolve("", "detector")[0]).card
    for path in write_inner_detectors(utterances, folder, RECIPE, fused, card):
        console.print(path)
